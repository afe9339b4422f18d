package io.argosy.server.config;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * One setting, declared once; file, environment, flags and documents all follow from it.
 *
 * @param name dotted, camelCase inside a part: {@code raft.electionMin}
 * @param defaultValue empty if the key must be set
 * @param doc one line: what it is, and what too small or too large does
 */
public record ConfigKey<T>(String name, ValueType<T> type, Optional<T> defaultValue, String doc) {

    private static final Pattern NAME = Pattern.compile("[a-z][a-zA-Z0-9]*(\\.[a-z][a-zA-Z0-9]*)*");
    private static final Pattern HUMP = Pattern.compile("([a-z0-9])([A-Z])");

    public ConfigKey {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException("bad key name " + name);
        }
    }

    public static <T> ConfigKey<T> of(String name, ValueType<T> type, T defaultValue, String doc) {
        return new ConfigKey<>(name, type, Optional.of(defaultValue), doc);
    }

    public static <T> ConfigKey<T> required(String name, ValueType<T> type, String doc) {
        return new ConfigKey<>(name, type, Optional.empty(), doc);
    }

    /** {@code ARGOSY_RAFT_ELECTION_MIN} for {@code raft.electionMin}. */
    public String variable() {
        return ConfigSources.VARIABLE_PREFIX
                + HUMP.matcher(name).replaceAll("$1_$2").replace('.', '_').toUpperCase(Locale.ROOT);
    }

    /** The default as it would be written in a file; empty for a required key. */
    public Optional<String> defaultText() {
        return defaultValue.map(type::write);
    }
}
