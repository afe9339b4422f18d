/**
 * Settings and telemetry streams of clients (client-protocol section 7), alike on brokers and name servers.
 */
@NullMarked
package io.argosy.wire.session;

import org.jspecify.annotations.NullMarked;
