/**
 * Receive, ack, change invisible duration, pull, offsets: leases, progress, long polling.
 *
 * <p>Two views of one thing: {@code AppliedProgress} is what the log said (applier thread; every replica), {@code
 * Subscription} is what a leader has decided ahead of it (loop thread; dropped with the term). Both change by the same
 * {@code ProgressChange}s, which the leader's {@code ChangeProposer} replicates in the order of its decisions, one entry
 * in flight. Acknowledgements and changes of visibility are answered when committed, hand-outs replicate behind the
 * answer, and no answer with messages leaves before a quorum round that began after the request.
 *
 * <p>Threads: calls arrive on any thread and go to the loop; messages are looked up, read and encoded on the workers.
 * Knows nothing of connections, forwarding and registration.
 */
@NullMarked
package io.argosy.broker.consume;

import org.jspecify.annotations.NullMarked;
