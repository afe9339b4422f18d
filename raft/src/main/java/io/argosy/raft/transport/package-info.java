/**
 * Peers on the wire. The only package that sees generated raft messages. May lose, duplicate and reorder: the core
 * does not care.
 */
@NullMarked
package io.argosy.raft.transport;

import org.jspecify.annotations.NullMarked;
