/**
 * The client's message bytes: {@link io.argosy.broker.message.MessageScan} reads them without building an object,
 * {@link io.argosy.broker.message.DeliveryEncoder} adds what only the broker knows on delivery. Knows protobuf's wire
 * format and the field numbers of apache.rocketmq.v2.Message; knows nothing of topics, queues or the log.
 */
@NullMarked
package io.argosy.broker.message;

import org.jspecify.annotations.NullMarked;
