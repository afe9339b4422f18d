/**
 * How the client reaches a cluster: connections, routes, who leads, calls that fail over, sessions, the encoding of
 * sends. Not an API: it may change with any version. Knows nothing of producers and consumers.
 *
 * <p>Threads: callbacks run on gRPC's network threads, which must not block, or on the client's one timer thread.
 * State is guarded as each class says.
 *
 * <p>Invariants: a call goes to at most one replica at a time; it ends with exactly one answer or failure, at its
 * deadline at the latest; a replica whose connection broke is not asked again before the others were.
 */
@NullMarked
package io.argosy.client.internal;

import org.jspecify.annotations.NullMarked;
