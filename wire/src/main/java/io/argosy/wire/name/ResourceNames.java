package io.argosy.wire.name;

import java.util.Optional;
import java.util.Set;

/** The rules for names that clients send; the same on brokers, name servers and tools. */
public final class ResourceNames {

    public static final int TOPIC_CHARS_MAX = 127;
    public static final int GROUP_CHARS_MAX = 120;

    /** Prefix of the topic that holds a group's dead letters. */
    public static final String DEAD_LETTER_PREFIX = "%DLQ%";

    /** Prefix of retry topics, which this broker does not have: redelivery happens in place. */
    public static final String RETRY_PREFIX = "%RETRY%";

    private static final Set<String> SYSTEM_TOPICS = Set.of(
            "TBW102",
            "SCHEDULE_TOPIC_XXXX",
            "SELF_TEST_TOPIC",
            "BenchmarkTest",
            "OFFSET_MOVED_EVENT",
            "TRANS_CHECK_MAX_TIME_TOPIC",
            "CHECKPOINT_TOPIC");

    private ResourceNames() {}

    /** What is wrong with the name of a topic, for an ILLEGAL_TOPIC status; empty if it is legal. */
    public static Optional<String> topicProblem(String name) {
        Optional<String> problem = problem("topic", name, TOPIC_CHARS_MAX);
        if (problem.isEmpty() && isSystemTopic(name)) {
            return Optional.of("topic " + name + " is reserved for the system");
        }
        return problem;
    }

    /** What is wrong with the name of a consumer group, for an ILLEGAL_CONSUMER_GROUP status; empty if it is legal. */
    public static Optional<String> groupProblem(String name) {
        Optional<String> problem = problem("consumer group", name, GROUP_CHARS_MAX);
        if (problem.isEmpty() && name.startsWith("CID_RMQ_SYS_")) {
            return Optional.of("consumer group " + name + " is reserved for the system");
        }
        return problem;
    }

    /** Whether the first message to a topic of this legal name may create it: dead-letter topics are the server's. */
    public static boolean creatable(String topic) {
        return !topic.startsWith(DEAD_LETTER_PREFIX) && !topic.startsWith(RETRY_PREFIX);
    }

    private static boolean isSystemTopic(String name) {
        return name.startsWith("rmq_sys_") || name.startsWith("RMQ_SYS_") || SYSTEM_TOPICS.contains(name);
    }

    private static Optional<String> problem(String what, String name, int charsMax) {
        if (name.isBlank()) {
            return Optional.of(what + " must not be blank");
        }
        if (name.length() > charsMax) {
            return Optional.of(what + " has " + name.length() + " characters, at most " + charsMax + " are allowed");
        }
        for (int i = 0; i < name.length(); i++) {
            if (!legal(name.charAt(i))) {
                return Optional.of(what + " may have letters, digits, '_', '-', '%' and '|'; character " + (i + 1)
                        + " is another");
            }
        }
        return Optional.empty();
    }

    private static boolean legal(char c) {
        return (c >= 'a' && c <= 'z')
                || (c >= 'A' && c <= 'Z')
                || (c >= '0' && c <= '9')
                || c == '_'
                || c == '-'
                || c == '%'
                || c == '|';
    }
}
