package io.argosy.client;

import io.argosy.client.internal.Sessions;
import io.argosy.proto.v2.RetryPolicy;
import java.time.Duration;
import java.util.List;

/** How long a message that failed stays away, by the number of the attempt that failed. */
@FunctionalInterface
interface RetryDelays {

    /** Until the server says otherwise: the protocol's usual steps. */
    RetryDelays DEFAULT = steps(List.of(
            Duration.ofSeconds(1),
            Duration.ofSeconds(5),
            Duration.ofSeconds(10),
            Duration.ofSeconds(30),
            Duration.ofMinutes(1),
            Duration.ofMinutes(2)));

    /** @param attempt 1 for the first delivery */
    Duration after(int attempt);

    static RetryDelays of(RetryPolicy policy) {
        return switch (policy.getStrategyCase()) {
            case CUSTOMIZED_BACKOFF ->
                policy.getCustomizedBackoff().getNextCount() == 0
                        ? DEFAULT
                        : steps(policy.getCustomizedBackoff().getNextList().stream()
                                .map(Sessions::javaDuration)
                                .toList());
            case EXPONENTIAL_BACKOFF -> {
                var backoff = policy.getExponentialBackoff();
                long first = Sessions.javaDuration(backoff.getInitial()).toMillis();
                double last = Sessions.javaDuration(backoff.getMax()).toMillis();
                double factor = backoff.getMultiplier();
                yield attempt ->
                        Duration.ofMillis((long) Math.min(last, first * Math.pow(factor, Math.max(0, attempt - 1))));
            }
            case STRATEGY_NOT_SET -> DEFAULT;
        };
    }

    private static RetryDelays steps(List<Duration> steps) {
        return attempt -> steps.get(Math.min(Math.max(1, attempt), steps.size()) - 1);
    }
}
