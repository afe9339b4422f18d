/**
 * Reproducible load on Argosy and, through {@link io.argosy.benchmarks.Driver}, on the systems it is compared with: the
 * measuring loops are shared, only the driver differs. What is counted are acknowledgements; latencies are taken from
 * the time a message was due; CPU and memory of the client and of every server come from the operating system (Linux).
 *
 * <p>Other load on the machine is metered, not assumed away: each measurement is cut into slices, and those in which
 * others used more than their share do not count.
 */
@NullMarked
package io.argosy.benchmarks;

import org.jspecify.annotations.NullMarked;
