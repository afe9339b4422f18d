/**
 * Reproducible load: throughput with batching, latency at a fixed rate from the intended send time, and CPU seconds of
 * the client and of every server, read from the operating system (Linux).
 */
@NullMarked
package io.argosy.benchmarks;

import org.jspecify.annotations.NullMarked;
