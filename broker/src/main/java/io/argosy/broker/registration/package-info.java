/**
 * This replica at the name servers: one stream to each, full state once, changes at once, a light heartbeat every
 * second. Name servers may come and go; nothing here ever blocks or fails the broker.
 *
 * <p>One thread, "registrar", owns all state; network and applier threads hand their news over to it.
 */
@NullMarked
package io.argosy.broker.registration;

import org.jspecify.annotations.NullMarked;
