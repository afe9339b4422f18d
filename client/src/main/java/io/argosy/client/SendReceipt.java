package io.argosy.client;

/**
 * A message is stored: on disk, on a majority of replicas.
 *
 * @param messageId unique; assigned by the producer, the same in deliveries
 * @param queueOffset its place in the queue
 */
public record SendReceipt(String messageId, QueueRef queue, long queueOffset) {}
