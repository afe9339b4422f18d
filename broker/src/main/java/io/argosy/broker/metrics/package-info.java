/**
 * Names and units of every metric of a broker. Measures from outside, by standing in front of what it measures; what it
 * measures does not know.
 */
@NullMarked
package io.argosy.broker.metrics;

import org.jspecify.annotations.NullMarked;
