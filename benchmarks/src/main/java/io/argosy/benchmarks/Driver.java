package io.argosy.benchmarks;

import java.io.Closeable;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One system under load. Found through {@link java.util.ServiceLoader} by the name of its {@link Provider}. */
public interface Driver extends Closeable {

    /** Creates a topic and waits until it can be written. */
    void createTopic(String topic, int queues) throws Exception;

    void deleteTopic(String topic) throws Exception;

    /** One more producer, with connections of its own if the system's clients have them. */
    Sender sender() throws Exception;

    /**
     * Starts consuming all queues of a topic for a group that nobody used before; closing the answer ends it.
     *
     * @param fromStart from the first message, else from the end
     * @param receiver called on any thread, by several at a time
     */
    Closeable consumer(String topic, boolean fromStart, Consumer<ByteBuffer> receiver) throws Exception;

    /** The node, from 1, whose death the topic's first queue feels. */
    int leader(String topic) throws Exception;

    /** Whether the application may simply send the message again: nothing is wrong with it. */
    boolean retryable(Throwable failure);

    /** What the servers themselves count; empty if this system does not tell. */
    default Optional<LogWrites> logWrites() throws Exception {
        return Optional.empty();
    }

    /**
     * Totals of the leader since it started.
     *
     * @param messages stored
     * @param bytes written for them to its log
     * @param fsyncs of its log
     */
    record LogWrites(double messages, double bytes, double fsyncs) {}

    /**
     * Told of outcomes on any thread.
     *
     * <p>One call may tell of several messages, if they travelled as one batch.
     */
    interface Completion {
        void done(int messages, @Nullable Throwable failure);
    }

    /** Thread-safe. */
    interface Sender extends Closeable {

        int ANY_QUEUE = -1;

        /**
         * Sends without waiting for the outcome; may wait for room.
         *
         * @param queue from 0, or {@link #ANY_QUEUE}
         */
        void send(String topic, int queue, byte[] body, Completion completion) throws Exception;

        /** Sends one message and waits for its acknowledgement. */
        void sendAndWait(String topic, byte[] body) throws Exception;

        /** Waits for the outcome of what was sent. */
        void flush() throws Exception;
    }

    /** Makes drivers. */
    interface Provider {
        String name();

        Driver open(Setup setup) throws Exception;
    }

    /**
     * Where the system is and how to use it.
     *
     * @param options what the driver understands; unknown ones are refused
     * @param control the program that handles the system's nodes
     */
    record Setup(String endpoints, Map<String, String> options, Optional<Path> control) {
        public Setup {
            options = Map.copyOf(options);
        }

        public String option(String name, String otherwise) {
            return options.getOrDefault(name, otherwise);
        }

        public int option(String name, int otherwise) {
            return Integer.parseInt(option(name, Integer.toString(otherwise)));
        }
    }
}
