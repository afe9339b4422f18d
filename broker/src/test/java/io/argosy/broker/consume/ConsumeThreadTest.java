package io.argosy.broker.consume;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ConsumeThreadTest {

    private final BlockingQueue<Throwable> failures = new LinkedBlockingQueue<>();
    private final ConsumeThread thread = new ConsumeThread("test", System::nanoTime, failures::add);

    @AfterEach
    void stop() {
        thread.close();
    }

    @Test
    void tasksRunInOrderAndTheTurnEndsBehindThem() throws Exception {
        BlockingQueue<String> seen = new LinkedBlockingQueue<>();
        AtomicInteger turns = new AtomicInteger();
        thread.onTurnEnd(turns::incrementAndGet);
        for (int i = 0; i < 3000; i++) {
            int number = i;
            thread.execute(() -> seen.add("t" + number));
        }

        thread.start();

        for (int i = 0; i < 3000; i++) {
            assertThat(seen.poll(10, TimeUnit.SECONDS)).isEqualTo("t" + i);
        }
        assertThat(turns.get()).isLessThan(10);
    }

    @Test
    void alarmsRunInTheOrderOfTheirTimeAndNotWhenCancelled() throws Exception {
        BlockingQueue<String> seen = new LinkedBlockingQueue<>();
        thread.start();
        thread.execute(() -> {
            long now = thread.nanoTime();
            thread.at(now + 20_000_000, () -> seen.add("late"));
            thread.at(now + 10_000_000, () -> seen.add("never")).cancel();
            thread.at(now + 5_000_000, () -> seen.add("early"));
        });

        List<String> order = new ArrayList<>();
        order.add(seen.poll(10, TimeUnit.SECONDS));
        order.add(seen.poll(10, TimeUnit.SECONDS));

        assertThat(order).containsExactly("early", "late");
        assertThat(seen).isEmpty();
    }

    @Test
    void aFailureStopsTheLoopLoudly() throws Exception {
        thread.start();

        thread.execute(() -> {
            throw new IllegalStateException("broken invariant");
        });

        assertThat(failures.poll(10, TimeUnit.SECONDS)).hasMessage("broken invariant");
    }
}
