/**
 * The client plane: listener, dispatch, forwarding to the leader, encode and decode; no rules of its own.
 */
@NullMarked
package io.argosy.broker.rpc;

import org.jspecify.annotations.NullMarked;
