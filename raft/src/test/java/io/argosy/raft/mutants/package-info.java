/**
 * Proves that the tests can see: production classes with one rule broken each, which the simulator or a script must
 * notice. The mutants stand in {@code raft/src/test/mutants/mutants.txt}.
 */
@NullMarked
package io.argosy.raft.mutants;

import org.jspecify.annotations.NullMarked;
