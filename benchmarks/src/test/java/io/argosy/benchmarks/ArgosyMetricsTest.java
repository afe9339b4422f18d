package io.argosy.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ArgosyMetricsTest {

    @Test
    void metricsOfOneNameAreAddedUp() {
        var metrics = ArgosyMetrics.parse("""
                # HELP a_total something
                a_total{x="1 2"} 3.0
                a_total{x="2"} 4.5
                b 1.0E3
                """);

        assertThat(metrics).containsEntry("a_total", 7.5).containsEntry("b", 1000.0);
    }
}
