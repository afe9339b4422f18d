/**
 * The client plane of a name server: routes, assignments, settings and signs of life, which need no broker. Whatever
 * needs one is refused with the protocol's own status; calls that must reach the group that owns something will be
 * relayed to it from here.
 */
@NullMarked
package io.argosy.namesrv.rpc;

import org.jspecify.annotations.NullMarked;
