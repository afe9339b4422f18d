package io.argosy.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Map;
import org.junit.jupiter.api.Test;

class SlicesTest {

    private static Slice slice(double seconds, long messages, double others) {
        return new Slice(seconds, messages, 0, 0.5, Map.of("a", 1.0, "b", 0.5), others, 0, 2);
    }

    @Test
    void onlyQuietSlicesCountAsLongAsThereAreAny() {
        Slices slices = new Slices();
        slices.add(slice(4, 400, 0.1));
        slices.add(slice(4, 100, 4));
        slices.add(slice(2, 300, 0));

        assertThat(slices.quietCount()).isEqualTo(2);
        assertThat(slices.quietSeconds()).isEqualTo(6);
        assertThat(slices.total().messages()).isEqualTo(700);
        assertThat(slices.total().rate()).isCloseTo(700 / 6.0, within(1e-9));
        assertThat(slices.total().serversTotal()).isCloseTo(3.0, within(1e-9));
    }

    @Test
    void ifNoneIsQuietAllCountAndTheResultIsNotCalledQuiet() {
        Slices slices = new Slices();
        slices.add(slice(4, 400, 3));
        slices.add(slice(4, 200, 4));

        assertThat(slices.quiet()).isFalse();
        assertThat(slices.total().rate()).isEqualTo(75);
    }

    @Test
    void failuresOfNoisySlicesAreNotForgotten() {
        Slices slices = new Slices();
        slices.add(slice(4, 400, 0));
        slices.add(new Slice(4, 1, 7, 0, Map.of(), 8, 0, 2));

        assertThat(slices.failures()).isEqualTo(7);
    }

    @Test
    void timeStolenByOtherMachinesIsNoise() {
        Slice slice = new Slice(10, 1, 0, 0, Map.of(), 0.8, 0.9, 2);

        assertThat(slice.othersShare()).isCloseTo(0.085, within(1e-9));
        assertThat(slice.quiet()).isFalse();
    }

    @Test
    void whoAppearsInOneSliceOnlyIsStillCharged() {
        Slice sum =
                new Slice(1, 1, 0, 0, Map.of("a", 1.0), 0, 0, 2).plus(new Slice(1, 1, 0, 0, Map.of("b", 2.0), 0, 0, 2));

        assertThat(sum.servers()).containsExactlyInAnyOrderEntriesOf(Map.of("a", 1.0, "b", 2.0));
    }
}
