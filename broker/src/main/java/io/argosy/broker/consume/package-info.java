/**
 * Receive, ack, change invisible duration, pull, offsets: leases, progress, long polling.
 */
@NullMarked
package io.argosy.broker.consume;

import org.jspecify.annotations.NullMarked;
