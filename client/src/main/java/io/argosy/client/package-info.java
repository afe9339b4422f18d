/**
 * The Java client of Argosy. Start with {@link io.argosy.client.ArgosyClient}:
 *
 * <pre>{@code
 * try (ArgosyClient client = ArgosyClient.builder().endpoints("127.0.0.1:8081").build();
 *         Producer producer = client.producer().build()) {
 *     SendReceipt receipt = producer.send(Message.builder("orders", "hello".getBytes(UTF_8)).tag("new").build());
 *     System.out.println(receipt);
 * }
 *
 * try (ArgosyClient client = ArgosyClient.builder().endpoints("127.0.0.1:8081").build();
 *         PushConsumer consumer = client.pushConsumer("billing")
 *                 .subscribe("orders")
 *                 .listener(message -> ConsumeResult.SUCCESS)
 *                 .build()) {
 *     Thread.currentThread().join();
 * }
 * }</pre>
 *
 * <p>One client has one connection to each server, shared by all its producers and consumers. Endpoints may be name
 * servers or brokers; one that answers is enough, the rest is learned.
 *
 * <p>What holds: a send that returned is stored by a majority of replicas, on their disks unless the group flushes
 * asynchronously. Retries carry the same message id, so that what the cluster stored once stays stored once. Sends
 * acknowledged for one queue were stored in the order in which they were accepted. Memory is bounded by the options of
 * each producer and consumer.
 *
 * <p>Threads: callers' threads encode; gRPC's shared network threads run callbacks and complete futures, so actions
 * chained to a future must not block; one timer thread per client; listener threads belong to their push consumer.
 * Failures are {@link io.argosy.client.ArgosyException}s, whose message says what to do.
 */
@NullMarked
package io.argosy.client;

import org.jspecify.annotations.NullMarked;
