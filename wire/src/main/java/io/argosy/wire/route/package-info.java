/**
 * How a broker group looks to clients: one constant broker with all replicas' addresses, encoded to suit each kind of
 * client (client-plane 2). Shared by brokers and name servers, which must answer alike.
 */
@NullMarked
package io.argosy.wire.route;

import org.jspecify.annotations.NullMarked;
