package io.argosy.wire.name;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ResourceNamesTest {

    @ParameterizedTest
    @ValueSource(strings = {"a", "Az09_-%|", "%DLQ%group", "%RETRY%group"})
    void legalNamesPass(String name) {
        assertThat(ResourceNames.topicProblem(name)).isEmpty();
        assertThat(ResourceNames.groupProblem(name)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "a b", "a/b", "ä", "a.b", "a\n"})
    void illegalNamesDoNot(String name) {
        assertThat(ResourceNames.topicProblem(name)).isPresent();
        assertThat(ResourceNames.groupProblem(name)).isPresent();
    }

    @ParameterizedTest
    @ValueSource(strings = {"TBW102", "SCHEDULE_TOPIC_XXXX", "rmq_sys_x", "RMQ_SYS_TRACE_TOPIC", "BenchmarkTest"})
    void systemTopicsAreReserved(String name) {
        assertThat(ResourceNames.topicProblem(name)).isPresent();
    }

    @Test
    void lengthsAreBounded() {
        assertThat(ResourceNames.topicProblem("t".repeat(127))).isEmpty();
        assertThat(ResourceNames.topicProblem("t".repeat(128))).isPresent();
        assertThat(ResourceNames.groupProblem("g".repeat(120))).isEmpty();
        assertThat(ResourceNames.groupProblem("g".repeat(121))).isPresent();
        assertThat(ResourceNames.groupProblem("CID_RMQ_SYS_x")).isPresent();
    }
}
