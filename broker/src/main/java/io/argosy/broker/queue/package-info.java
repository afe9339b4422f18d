/**
 * Queue offsets and where in the log their messages lie. A queue is a key range of {@link
 * io.argosy.broker.queue.QueueIndex}; the layout of its values is that of {@link io.argosy.broker.queue.MessageRun}.
 * Offsets are dense, assigned on the applier thread and equal on all replicas. Knows log indexes and ordinals, no file
 * positions, and nothing of who consumes.
 */
@NullMarked
package io.argosy.broker.queue;

import org.jspecify.annotations.NullMarked;
