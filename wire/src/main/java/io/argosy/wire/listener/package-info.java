/**
 * The port for clients: TLS or plaintext by the first byte of each connection, and the limits that official clients
 * need. Knows no service.
 */
@NullMarked
package io.argosy.wire.listener;

import org.jspecify.annotations.NullMarked;
