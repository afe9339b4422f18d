/**
 * A cluster of cores on one thread: virtual time, a lossy network, disks that forget what was not synced. Everything is
 * drawn from one seed, so a failure replays; invariants are checked as events happen.
 */
@NullMarked
package io.argosy.raft.sim;

import org.jspecify.annotations.NullMarked;
