/**
 * Settings and telemetry streams of clients (client-plane 3), alike on brokers and name servers.
 */
@NullMarked
package io.argosy.wire.session;

import org.jspecify.annotations.NullMarked;
