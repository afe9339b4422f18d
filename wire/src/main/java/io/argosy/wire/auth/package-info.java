/**
 * Mutual proof of the cluster secret, once per TCP connection ({@code argosy/v1/auth.proto}). The server refuses every
 * other method with UNAUTHENTICATED until the proof was given; the client gives its own proof only to a server that
 * has given one. Knows nothing of what is spoken afterwards. No threads of its own.
 */
@NullMarked
package io.argosy.wire.auth;

import org.jspecify.annotations.NullMarked;
