/**
 * Clients of the group: settings, telemetry streams, liveness.
 */
@NullMarked
package io.argosy.broker.session;

import org.jspecify.annotations.NullMarked;
