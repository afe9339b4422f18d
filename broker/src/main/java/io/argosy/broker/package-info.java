/**
 * The broker process: wiring only. {@code BrokerMain} reads the configuration, {@code Broker} builds and connects the rest.
 */
@NullMarked
package io.argosy.broker;

import org.jspecify.annotations.NullMarked;
