package io.argosy.broker.consume;

/** One queue as one group sees it: what progress belongs to. */
record QueueRef(String group, int topicId, int queueId) {}
