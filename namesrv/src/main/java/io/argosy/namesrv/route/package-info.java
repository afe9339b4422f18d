/**
 * The route table: which groups exist, who leads them, where their replicas and topics are. Memory only, rebuilt from
 * registrations after a start; name servers do not know each other.
 *
 * <p>Invariants: what a group says of itself is ordered by (group UUID, recovery epoch, term), and nothing older ever
 * replaces something newer; topics move forward by their version alone, because every replica reports applied, so
 * committed, topics. A group whose replicas are silent keeps its route until it expires: running clients keep working.
 *
 * <p>Knows nothing of sockets, threads and clocks: time is an argument.
 */
@NullMarked
package io.argosy.namesrv.route;

import org.jspecify.annotations.NullMarked;
