package io.argosy.client;

import io.argosy.client.internal.CallFailure;
import io.argosy.client.internal.ClientIdentity;
import io.argosy.client.internal.Sessions;
import io.argosy.client.internal.StatusCodes;
import io.argosy.proto.v2.AckMessageResponse;
import io.argosy.proto.v2.AckMessageResultEntry;
import io.argosy.proto.v2.ClientType;
import io.argosy.proto.v2.Code;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Takes messages when asked, and acknowledges them when asked. A message that is neither acknowledged nor extended
 * within its invisible duration is delivered again, to any consumer of the group. Thread-safe.
 */
public final class SimpleConsumer implements AutoCloseable {

    private static final long PAUSE_MILLIS = 50;

    private final ArgosyClient client;
    private final Map<String, Filter> topics;
    private final Duration awaitDuration;
    private final ConsumerCalls calls;
    private final Sessions sessions;
    private final AtomicInteger rotor = new AtomicInteger();
    private volatile boolean closed;

    private SimpleConsumer(Builder builder) {
        this.client = builder.client;
        this.topics = Map.copyOf(builder.topics);
        this.awaitDuration = builder.awaitDuration;
        ClientIdentity identity = client.newIdentity();
        this.calls = new ConsumerCalls(client.link(), identity, builder.group, Duration.ofSeconds(10));
        this.sessions = new Sessions(
                client.link(),
                identity,
                new Subscriptions(
                        ClientType.SIMPLE_CONSUMER,
                        identity.namespace(),
                        builder.group,
                        () -> topics,
                        Optional.of(awaitDuration)));
        client.opened(this);
    }

    /**
     * Waits for messages, at most for the await duration, and returns as soon as there is one.
     *
     * @param messagesMax servers give 32 at most
     * @param invisible how long the messages are hidden from others, 10 s to 12 h
     * @return empty if none came
     */
    public List<ReceivedMessage> receive(int messagesMax, Duration invisible) {
        Checks.within(messagesMax, 1, Integer.MAX_VALUE, "messagesMax");
        long deadline = System.nanoTime() + awaitDuration.toNanos();
        String attemptId = UUID.randomUUID().toString();
        while (true) {
            if (closed) {
                throw new ArgosyException.Closed("the consumer is closed");
            }
            Place place = nextPlace();
            Duration left = Duration.ofNanos(Math.max(0, deadline - System.nanoTime()));
            CompletableFuture<List<ReceivedMessage>> answer = new CompletableFuture<>();
            var stream = calls.receive(
                    new ConsumerCalls.Receive(
                            place.topic,
                            place.brokerGroup,
                            topics.getOrDefault(place.topic, Filter.ALL),
                            messagesMax,
                            Optional.of(invisible),
                            left,
                            attemptId),
                    Futures.into(answer));
            try {
                return ArgosyClient.await(answer);
            } catch (ArgosyException e) {
                if (Thread.currentThread().isInterrupted()) {
                    stream.ifPresent(open -> open.cancel());
                    throw e;
                }
                if (!e.retryable() || System.nanoTime() >= deadline) {
                    throw e;
                }
                pause();
            }
        }
    }

    /** Waits without holding a lock or a network thread; interruption ends the wait and is seen by the next one. */
    private void pause() {
        CompletableFuture<Void> over = new CompletableFuture<>();
        if (client.link().after(PAUSE_MILLIS, () -> over.complete(null))) {
            ArgosyClient.awaitEnd(over, Duration.ofSeconds(1));
        }
    }

    /** Acknowledges one message. */
    public void ack(ReceivedMessage message) {
        ack(List.of(message));
    }

    /**
     * Acknowledges messages, one request per topic and broker group.
     *
     * @throws ArgosyException for the first that was not taken; the others are acknowledged all the same
     */
    public void ack(Collection<ReceivedMessage> messages) {
        Map<Place, List<ReceivedMessage>> byPlace = new LinkedHashMap<>();
        for (ReceivedMessage message : messages) {
            byPlace.computeIfAbsent(new Place(message.topic(), message.queue().group()), place -> new ArrayList<>())
                    .add(message);
        }
        List<CompletableFuture<AckMessageResponse>> answers = new ArrayList<>();
        byPlace.forEach((place, group) -> answers.add(calls.ack(place.topic, place.brokerGroup, group)));
        for (CompletableFuture<AckMessageResponse> answer : answers) {
            requireAcknowledged(ArgosyClient.await(answer));
        }
    }

    private static void requireAcknowledged(AckMessageResponse answer) {
        for (AckMessageResultEntry entry : answer.getEntriesList()) {
            if (entry.getStatus().getCode() != Code.OK) {
                throw ArgosyException.of(
                        StatusCodes.failure(entry.getStatus(), "acknowledging message " + entry.getMessageId()));
            }
        }
        if (!StatusCodes.isSuccess(answer.getStatus().getCode())) {
            CallFailure failure = StatusCodes.failure(answer.getStatus(), "acknowledging");
            throw ArgosyException.of(failure);
        }
    }

    /** Hides the message for so long from now on; 0 makes it visible at once. */
    public void changeInvisible(ReceivedMessage message, Duration invisible) {
        ArgosyClient.await(calls.changeInvisible(message, invisible));
    }

    /** Messages that were received and not acknowledged are delivered again. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            sessions.close();
            client.closed(this);
        }
    }

    private Place nextPlace() {
        List<Place> places = new ArrayList<>();
        for (String topic : topics.keySet()) {
            for (String brokerGroup : client.route(
                            topic, client.link().settings().requestTimeout())
                    .groups()) {
                sessions.ensure(brokerGroup);
                places.add(new Place(topic, brokerGroup));
            }
        }
        if (places.isEmpty()) {
            throw new ArgosyException.Refused("no topic is subscribed to", 0);
        }
        return places.get(Math.floorMod(rotor.getAndIncrement(), places.size()));
    }

    private record Place(String topic, String brokerGroup) {}

    /** Options of a simple consumer. */
    public static final class Builder {
        private final ArgosyClient client;
        private final String group;
        private final Map<String, Filter> topics = new LinkedHashMap<>();
        private Duration awaitDuration = Duration.ofSeconds(20);

        Builder(ArgosyClient client, String group) {
            this.client = client;
            this.group = group;
        }

        public Builder subscribe(String topic) {
            return subscribe(topic, Filter.ALL);
        }

        public Builder subscribe(String topic, Filter filter) {
            topics.put(topic, filter);
            return this;
        }

        /** How long {@link SimpleConsumer#receive} waits for a message, 20 s by default. */
        public Builder awaitDuration(Duration time) {
            awaitDuration = Checks.positive(time, "awaitDuration");
            return this;
        }

        /** @throws IllegalStateException if no topic was subscribed to */
        public SimpleConsumer build() {
            if (topics.isEmpty()) {
                throw new IllegalStateException("subscribe to at least one topic");
            }
            return new SimpleConsumer(this);
        }
    }
}
