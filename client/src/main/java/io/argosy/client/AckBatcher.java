package io.argosy.client;

import io.argosy.client.internal.StatusCodes;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Acknowledges what a listener has done, many at a time: what is done while a request is under way goes with the next.
 * Guarded by its monitor, because listener threads add and network threads take.
 */
@SuppressWarnings("FutureReturnValueIgnored") // whenComplete at the end of a chain takes both outcomes.
final class AckBatcher {

    private static final Logger log = LoggerFactory.getLogger(AckBatcher.class);

    private static final int ENTRIES_MAX = 512;

    private record Place(String topic, String brokerGroup) {}

    private static final class Lane {
        final Deque<ReceivedMessage> waiting = new ArrayDeque<>();
        boolean underWay;
    }

    private final ConsumerCalls calls;
    private final Map<Place, Lane> lanes = new HashMap<>();
    private int open;
    private CompletableFuture<Void> idle = CompletableFuture.completedFuture(null);

    AckBatcher(ConsumerCalls calls) {
        this.calls = calls;
    }

    void ack(ReceivedMessage message) {
        Place place = new Place(message.topic(), message.queue().group());
        List<ReceivedMessage> batch;
        Lane lane;
        synchronized (this) {
            if (open++ == 0) {
                idle = new CompletableFuture<>();
            }
            lane = lanes.computeIfAbsent(place, each -> new Lane());
            lane.waiting.add(message);
            batch = take(lane);
        }
        send(place, lane, batch);
    }

    /** Completes when everything given so far was acknowledged or given up. */
    synchronized CompletableFuture<Void> idle() {
        return idle;
    }

    private List<ReceivedMessage> take(Lane lane) {
        if (lane.underWay || lane.waiting.isEmpty()) {
            return List.of();
        }
        lane.underWay = true;
        List<ReceivedMessage> batch = new ArrayList<>(Math.min(ENTRIES_MAX, lane.waiting.size()));
        while (!lane.waiting.isEmpty() && batch.size() < ENTRIES_MAX) {
            batch.add(lane.waiting.remove());
        }
        return batch;
    }

    private void send(Place place, Lane lane, List<ReceivedMessage> batch) {
        if (batch.isEmpty()) {
            return;
        }
        calls.ack(place.topic, place.brokerGroup, batch).whenComplete((answer, failure) -> {
            if (failure != null) {
                log.warn(
                        "could not acknowledge {} messages topic={}; they will come again: {}",
                        batch.size(),
                        place.topic,
                        failure.getMessage());
            } else if (!StatusCodes.isSuccess(answer.getStatus().getCode())) {
                log.debug(
                        "acknowledgement refused topic={} code={}",
                        place.topic,
                        answer.getStatus().getCode());
            }
            List<ReceivedMessage> next;
            CompletableFuture<Void> nowIdle = null;
            synchronized (this) {
                open -= batch.size();
                if (open == 0) {
                    nowIdle = idle;
                }
                lane.underWay = false;
                next = take(lane);
            }
            if (nowIdle != null) {
                nowIdle.complete(null);
            }
            send(place, lane, next);
        });
    }
}
