/**
 * The segmented log, the hard state, the store's identity. Decides nothing; says what is durable and when. Reaches the
 * disk through {@link io.argosy.raft.storage.Disk} only.
 */
@NullMarked
package io.argosy.raft.storage;

import org.jspecify.annotations.NullMarked;
