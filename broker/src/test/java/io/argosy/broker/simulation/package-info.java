/** The broker's state machine on simulated replicas: docs/reliability.md. */
@NullMarked
package io.argosy.broker.simulation;

import org.jspecify.annotations.NullMarked;
