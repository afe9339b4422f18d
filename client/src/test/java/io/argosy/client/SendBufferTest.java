package io.argosy.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class SendBufferTest {

    private static final Duration LONG = Duration.ofSeconds(30);

    private final SendBuffer buffer = new SendBuffer(100);
    private final ExecutorService threads = Executors.newCachedThreadPool();

    @AfterEach
    void stop() throws InterruptedException {
        buffer.close();
        threads.shutdown();
        assertThat(threads.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void whoFindsNoRoomInTimeIsRefusedAndHoldsNothing() {
        buffer.acquire(90, Duration.ZERO);

        assertThatThrownBy(() -> buffer.acquire(11, Duration.ofMillis(1)))
                .isInstanceOf(ArgosyException.BufferFull.class);
        assertThat(buffer.usedBytes()).isEqualTo(90);
        buffer.acquire(10, Duration.ZERO);
    }

    @Test
    void whatIsLargerThanTheBufferWaitsUntilItIsEmpty() {
        buffer.acquire(1, Duration.ZERO);
        CompletableFuture<Void> large = CompletableFuture.runAsync(() -> buffer.acquire(500, LONG), threads);
        buffer.release(1);

        large.join();
        assertThat(buffer.usedBytes()).isEqualTo(500);
    }

    @Test
    void everybodyWhoWaitsGetsRoomInTheEndAndTheBoundHolds() {
        AtomicLong held = new AtomicLong();
        List<CompletableFuture<Void>> senders = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            int sizeBytes = 10 + 11 * i;
            senders.add(CompletableFuture.runAsync(
                    () -> {
                        for (int n = 0; n < 5_000; n++) {
                            buffer.acquire(sizeBytes, LONG);
                            assertThat(held.addAndGet(sizeBytes)).isLessThanOrEqualTo(100);
                            held.addAndGet(-sizeBytes);
                            buffer.release(sizeBytes);
                        }
                    },
                    threads));
        }

        senders.forEach(CompletableFuture::join);
        assertThat(buffer.usedBytes()).isZero();
    }

    @Test
    void closingEndsAllWaiting() {
        buffer.acquire(100, Duration.ZERO);
        List<CompletableFuture<Void>> waiting = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            waiting.add(CompletableFuture.runAsync(() -> buffer.acquire(1, LONG), threads));
        }
        buffer.close();

        for (CompletableFuture<Void> each : waiting) {
            await().until(each::isDone);
            assertThatThrownBy(each::join).hasCauseInstanceOf(ArgosyException.Closed.class);
        }
    }
}
