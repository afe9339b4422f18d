/**
 * Names and units of every metric.
 */
@NullMarked
package io.argosy.broker.metrics;

import org.jspecify.annotations.NullMarked;
