@NullMarked
package io.argosy.raft.core;

import org.jspecify.annotations.NullMarked;
