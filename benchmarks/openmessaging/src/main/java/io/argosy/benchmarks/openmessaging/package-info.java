/**
 * Argosy under the OpenMessaging Benchmark, through our own client. Each of the benchmark's producers and consumers is
 * one of ours, unless settings say that producers be shared; connections are shared by all that were dealt to them.
 *
 * <p>Threads: the benchmark calls the driver on one thread and producers on several; its callbacks run on network threads
 * (sends) and on threads of the consumers.
 */
@NullMarked
package io.argosy.benchmarks.openmessaging;

import org.jspecify.annotations.NullMarked;
