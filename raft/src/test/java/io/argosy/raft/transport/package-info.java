@NullMarked
package io.argosy.raft.transport;

import org.jspecify.annotations.NullMarked;
