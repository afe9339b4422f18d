@NullMarked
package io.argosy.raft.node;

import org.jspecify.annotations.NullMarked;
