package io.argosy.server.config;

import java.math.BigDecimal;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * How the text of a value is read and written, and which values are allowed. A list is written with commas between its
 * parts, a map as {@code key=value} parts; a YAML file may use its own lists and maps instead.
 */
public final class ValueType<T> {

    private static final Pattern NUMBER_AND_UNIT = Pattern.compile("([0-9]+(?:\\.[0-9]+)?)\\s*([a-zA-Z]*)");
    private static final Map<String, Long> NANOS_BY_UNIT = units(Map.of(
            "us",
            1_000L,
            "ms",
            1_000_000L,
            "s",
            1_000_000_000L,
            "m",
            60_000_000_000L,
            "h",
            3_600_000_000_000L,
            "d",
            86_400_000_000_000L));
    private static final Map<String, Long> BYTES_BY_UNIT =
            units(Map.of("B", 1L, "KiB", 1L << 10, "MiB", 1L << 20, "GiB", 1L << 30, "TiB", 1L << 40));

    private final String name;
    private final String allowed;
    private final Function<String, T> reader;
    private final Function<T, String> writer;

    private ValueType(String name, String allowed, Function<String, T> reader, Function<T, String> writer) {
        this.name = name;
        this.allowed = allowed;
        this.reader = reader;
        this.writer = writer;
    }

    /**
     * A type of its own.
     *
     * @param allowed the allowed values, for people
     * @param reader throws IllegalArgumentException that says what is wrong
     * @param writer the reader's inverse
     */
    public static <T> ValueType<T> of(
            String name, String allowed, Function<String, T> reader, Function<T, String> writer) {
        return new ValueType<>(name, allowed, reader, writer);
    }

    /** Lengths of time: {@code 50ms}, {@code 1.5s}, {@code 72h}; units us, ms, s, m, h, d. */
    public static ValueType<Duration> duration(Duration min, Duration max) {
        return range("duration", min, max, ValueType::readDuration, ValueType::writeDuration);
    }

    /** Sizes: {@code 64MiB}; units B, KiB, MiB, GiB, TiB. */
    public static ValueType<Long> bytes(long min, long max) {
        return range("size", min, max, text -> readScaled(text, BYTES_BY_UNIT, "a size such as 64MiB"), v -> {
            return writeScaled(v, BYTES_BY_UNIT);
        });
    }

    public static ValueType<Integer> integer(int min, int max) {
        return range("integer", min, max, ValueType::readInteger, v -> Integer.toString(v));
    }

    public static ValueType<Boolean> bool() {
        return new ValueType<>(
                "boolean",
                "true or false",
                text -> {
                    return switch (text) {
                        case "true" -> true;
                        case "false" -> false;
                        default -> throw new IllegalArgumentException("'" + text + "' is neither true nor false");
                    };
                },
                v -> Boolean.toString(v));
    }

    /** The constants of an enum, written in lower case. */
    public static <E extends Enum<E>> ValueType<E> oneOf(Class<E> type) {
        List<E> constants = List.of(type.getEnumConstants());
        String allowed = constants.stream().map(ValueType::lowerCase).collect(Collectors.joining(" or "));
        return new ValueType<>(
                "choice",
                allowed,
                text -> {
                    return constants.stream()
                            .filter(constant -> lowerCase(constant).equals(text))
                            .findFirst()
                            .orElseThrow(() -> new IllegalArgumentException("'" + text + "' is not one of them"));
                },
                ValueType::lowerCase);
    }

    /** Text that matches a pattern as a whole. */
    public static ValueType<String> text(Pattern pattern, String allowed) {
        return new ValueType<>(
                "text",
                allowed,
                text -> {
                    if (!pattern.matcher(text).matches()) {
                        throw new IllegalArgumentException("'" + text + "' is not allowed");
                    }
                    return text;
                },
                v -> v);
    }

    /** The text as it is. */
    public static ValueType<String> text(String allowed) {
        return new ValueType<>("text", allowed, text -> text, v -> v);
    }

    public static ValueType<Path> path() {
        return new ValueType<>(
                "path",
                "a path of this machine",
                text -> {
                    if (text.isBlank()) {
                        throw new IllegalArgumentException("empty path");
                    }
                    try {
                        return Path.of(text);
                    } catch (InvalidPathException e) {
                        throw new IllegalArgumentException("'" + text + "' is not a path: " + e.getReason(), e);
                    }
                },
                Path::toString);
    }

    /** Port 0 asks the system for a free one. */
    public static ValueType<HostPort> hostPort() {
        return new ValueType<>("address", "host:port", HostPort::parse, HostPort::toString);
    }

    public static <T> ValueType<List<T>> listOf(ValueType<T> element) {
        return new ValueType<>(
                "list of " + element.name,
                element.allowed + ", ...",
                text -> {
                    List<T> values = new ArrayList<>();
                    for (String part : parts(text)) {
                        values.add(element.read(part));
                    }
                    return List.copyOf(values);
                },
                values -> values.stream().map(element::write).collect(Collectors.joining(",")));
    }

    public static <K extends Comparable<K>, V> ValueType<SortedMap<K, V>> mapOf(ValueType<K> key, ValueType<V> value) {
        return new ValueType<>(
                "map",
                key.name + " (" + key.allowed + ") = " + value.allowed + ", ...",
                text -> readMap(text, key, value),
                values -> values.entrySet().stream()
                        .map(e -> key.write(e.getKey()) + "=" + value.write(e.getValue()))
                        .collect(Collectors.joining(",")));
    }

    /** A value that may be left out; the empty text stands for none. */
    public static <T> ValueType<Optional<T>> optional(ValueType<T> type) {
        return new ValueType<>(
                type.name,
                type.allowed,
                text -> text.isEmpty() ? Optional.empty() : Optional.of(type.read(text)),
                value -> value.map(type::write).orElse(""));
    }

    /** @throws IllegalArgumentException with a text for people that says what is wrong, not what is allowed */
    public T read(String text) {
        return reader.apply(text);
    }

    /** The shortest text that {@link #read} turns back into the value. */
    public String write(T value) {
        return writer.apply(value);
    }

    public String name() {
        return name;
    }

    /** The allowed values, for people: {@code 10ms to 10s}. */
    public String allowed() {
        return allowed;
    }

    private static <T extends Comparable<? super T>> ValueType<T> range(
            String name, T min, T max, Function<String, T> reader, Function<T, String> writer) {
        return new ValueType<>(
                name,
                writer.apply(min) + " to " + writer.apply(max),
                text -> {
                    T value = reader.apply(text);
                    if (value.compareTo(min) < 0 || value.compareTo(max) > 0) {
                        throw new IllegalArgumentException("'" + text + "' is out of range");
                    }
                    return value;
                },
                writer);
    }

    private static int readInteger(String text) {
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("'" + text + "' is not a whole number", e);
        }
    }

    private static Duration readDuration(String text) {
        return Duration.ofNanos(readScaled(text, NANOS_BY_UNIT, "a length of time such as 50ms"));
    }

    private static String writeDuration(Duration value) {
        // Days only from two on: people say 72h, and 24h rather than 1d.
        long nanos = value.toNanos();
        long hour = 3_600_000_000_000L;
        if (nanos % hour == 0 && nanos != 0 && nanos < 96 * hour) {
            return nanos / hour + "h";
        }
        return nanos == 0 ? "0s" : writeScaled(nanos, NANOS_BY_UNIT);
    }

    /** A bare 0 needs no unit; any other number does, because guessing one has cost people nights. */
    private static long readScaled(String text, Map<String, Long> unitsByName, String expected) {
        Matcher matcher = NUMBER_AND_UNIT.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("'" + text + "' is not " + expected);
        }
        BigDecimal number = new BigDecimal(matcher.group(1));
        if (matcher.group(2).isEmpty() && number.signum() == 0) {
            return 0;
        }
        Long scale = unitsByName.get(matcher.group(2));
        if (scale == null) {
            throw new IllegalArgumentException((matcher.group(2).isEmpty()
                            ? "'" + text + "' lacks a unit: "
                            : "'" + text + "' has an unknown unit: ")
                    + String.join(", ", unitsByName.keySet()));
        }
        try {
            return number.multiply(BigDecimal.valueOf(scale)).longValueExact();
        } catch (ArithmeticException e) {
            throw new IllegalArgumentException("'" + text + "' is not a whole number of the smallest unit", e);
        }
    }

    private static String writeScaled(long value, Map<String, Long> unitsByName) {
        String best = "";
        for (Map.Entry<String, Long> unit : unitsByName.entrySet()) {
            if (value % unit.getValue() == 0 && (value != 0 || best.isEmpty())) {
                best = value / unit.getValue() + unit.getKey();
            }
        }
        return best.isEmpty() ? Long.toString(value) : best;
    }

    private static <K extends Comparable<K>, V> SortedMap<K, V> readMap(
            String text, ValueType<K> key, ValueType<V> value) {
        SortedMap<K, V> values = new TreeMap<>();
        for (String part : parts(text)) {
            int equals = part.indexOf('=');
            if (equals < 0) {
                throw new IllegalArgumentException("'" + part + "' is not key=value");
            }
            K k = key.read(part.substring(0, equals).strip());
            if (values.put(k, value.read(part.substring(equals + 1).strip())) != null) {
                throw new IllegalArgumentException("'" + key.write(k) + "' occurs twice");
            }
        }
        return Collections.unmodifiableSortedMap(values);
    }

    /** The parts of a list or map, without the white space around them. */
    public static List<String> parts(String text) {
        return text.isBlank()
                ? List.of()
                : Arrays.stream(text.split(",", -1)).map(String::strip).toList();
    }

    private static String lowerCase(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    /** Ascending by size, so that the last unit that fits is the largest. */
    private static Map<String, Long> units(Map<String, Long> units) {
        Map<String, Long> sorted = new LinkedHashMap<>();
        units.entrySet().stream()
                .sorted(Map.Entry.comparingByValue())
                .forEach(e -> sorted.put(e.getKey(), e.getValue()));
        return Collections.unmodifiableMap(sorted);
    }
}
