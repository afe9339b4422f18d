/**
 * The face of the module: consensus over opaque entries. {@link io.argosy.raft.RaftNode} is what a server talks to,
 * {@link io.argosy.raft.StateMachine} what it brings. Nothing here knows of topics, messages or RocksDB.
 *
 * <p>Rules cited as R1 to R60 are those of docs/raft-rules.md.
 */
@NullMarked
package io.argosy.raft;

import org.jspecify.annotations.NullMarked;
