package io.argosy.server.config;

import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Values of all keys of a process, each with the place it came from. Immutable. */
public final class Config {

    private final Map<ConfigKey<?>, Setting> settings;

    Config(Map<ConfigKey<?>, Setting> settings) {
        this.settings = settings;
    }

    /** @throws IllegalArgumentException if the key was not among those the configuration was loaded with */
    @SuppressWarnings("unchecked")
    public <T> T get(ConfigKey<T> key) {
        return (T) setting(key).value();
    }

    /** Where the value was written: {@code broker.yaml:12:14}, {@code ARGOSY_RAFT_HEARTBEAT}, a flag, or default. */
    public String origin(ConfigKey<?> key) {
        return setting(key).origin();
    }

    /** For the log: every key that does not have its default, as {@code key=value (origin)}. */
    public List<String> changed() {
        return settings.keySet().stream()
                .filter(key -> !isDefault(key))
                .map(this::described)
                .toList();
    }

    /** Every key, as {@code key=value (origin)}. */
    public List<String> all() {
        return settings.keySet().stream().map(this::described).toList();
    }

    /**
     * Values that are good alone contradict each other. The first that somebody set is named as the culprit: nobody can
     * correct a default they have not written.
     *
     * @param rule what must hold, with the names of the keys
     * @param keys those that the rule is about
     */
    public String conflict(String rule, ConfigKey<?>... keys) {
        ConfigKey<?> culprit =
                Stream.of(keys).filter(key -> !isDefault(key)).findFirst().orElse(keys[0]);
        return origin(culprit) + ": " + culprit.name() + ": " + rule + "; there are "
                + Stream.of(keys).map(this::described).collect(Collectors.joining(", "));
    }

    private boolean isDefault(ConfigKey<?> key) {
        return origin(key).equals(ConfigSources.DEFAULT_ORIGIN);
    }

    private String described(ConfigKey<?> key) {
        return key.name() + "=" + setting(key).text() + " (" + origin(key) + ")";
    }

    /**
     * Builds a component's settings from the values; what its constructor refuses becomes a problem of the
     * configuration, at the place of the key that is to blame most.
     *
     * @throws ConfigException if the builder throws an IllegalArgumentException
     */
    public <T> T build(ConfigKey<?> toBlame, Function<Config, T> builder) {
        try {
            return builder.apply(this);
        } catch (IllegalArgumentException e) {
            throw new ConfigException(List.of(origin(toBlame) + ": " + toBlame.name() + ": " + e.getMessage()));
        }
    }

    private Setting setting(ConfigKey<?> key) {
        Setting setting = settings.get(key);
        if (setting == null) {
            throw new IllegalArgumentException("key " + key.name() + " is not part of this configuration");
        }
        return setting;
    }

    record Setting(Object value, String text, String origin) {}
}
