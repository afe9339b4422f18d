package io.argosy.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class AckGapsTest {

    private final AckGaps gaps = new AckGaps();

    @Test
    void theLongestSilenceIsBetweenTwoAcknowledgements() {
        gaps.acknowledged(100);
        gaps.acknowledged(700);
        gaps.acknowledged(800);

        assertThat(gaps.longestNanos()).isEqualTo(600);
    }

    @Test
    void aGapThatIsUnderWayWhenOthersAreForgottenCountsInFull() {
        gaps.acknowledged(100);
        gaps.acknowledged(900);
        gaps.forget();
        gaps.acknowledged(1000);

        assertThat(gaps.longestNanos()).isEqualTo(100);
    }
}
