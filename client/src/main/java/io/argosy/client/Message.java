package io.argosy.client;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** A message to send; immutable, and may be sent more than once. The body is not copied before it is sent. */
public final class Message {

    private final String topic;
    private final ByteBuffer body;
    private final Optional<String> tag;
    private final List<String> keys;
    private final Map<String, String> properties;
    private final OptionalInt queueId;
    private final Optional<String> partitionKey;

    private Message(Builder builder) {
        this.topic = builder.topic;
        this.body = builder.body;
        this.tag = Optional.ofNullable(builder.tag);
        this.keys = builder.keys == null ? List.of() : List.copyOf(builder.keys);
        this.properties = builder.properties == null ? Map.of() : Map.copyOf(builder.properties);
        this.queueId = builder.queueId;
        this.partitionKey = Optional.ofNullable(builder.partitionKey);
    }

    /** A message with nothing but a body. */
    public static Message of(String topic, byte[] body) {
        return builder(topic, body).build();
    }

    public static Builder builder(String topic, byte[] body) {
        return new Builder(topic, ByteBuffer.wrap(body).asReadOnlyBuffer());
    }

    public static Builder builder(String topic, ByteBuffer body) {
        return new Builder(topic, body.asReadOnlyBuffer());
    }

    public String topic() {
        return topic;
    }

    /** A view of its own position. */
    public ByteBuffer body() {
        return body.duplicate();
    }

    public Optional<String> tag() {
        return tag;
    }

    public List<String> keys() {
        return keys;
    }

    public Map<String, String> properties() {
        return properties;
    }

    /** Place in the list of the topic's queues, if it was chosen. */
    public OptionalInt queueIndex() {
        return queueId;
    }

    /** Messages with equal partition keys go to the same queue, if one was set. */
    public Optional<String> partitionKey() {
        return partitionKey;
    }

    /** Collects what a message is made of. */
    public static final class Builder {
        private final String topic;
        private final ByteBuffer body;
        private @Nullable String tag;
        private @Nullable List<String> keys;
        private @Nullable Map<String, String> properties;
        private OptionalInt queueId = OptionalInt.empty();
        private @Nullable String partitionKey;

        private Builder(String topic, ByteBuffer body) {
            this.topic = topic;
            this.body = body;
        }

        /** A word that consumers can filter by. */
        public Builder tag(String value) {
            tag = value;
            return this;
        }

        /** Words by which the message can be looked up. */
        public Builder keys(String... values) {
            if (keys == null) {
                keys = new ArrayList<>();
            }
            keys.addAll(List.of(values));
            return this;
        }

        public Builder property(String name, String value) {
            if (properties == null) {
                properties = new LinkedHashMap<>();
            }
            properties.put(name, value);
            return this;
        }

        /** Chooses the queue by its place in {@link ArgosyClient#queues}, from 0. */
        public Builder queueIndex(int index) {
            if (index < 0) {
                throw new IllegalArgumentException("queue index " + index + " is negative");
            }
            queueId = OptionalInt.of(index);
            return this;
        }

        /** Chooses the queue by a hash of this text, as long as the number of queues stays the same. */
        public Builder partitionKey(String key) {
            partitionKey = key;
            return this;
        }

        public Message build() {
            return new Message(this);
        }
    }
}
