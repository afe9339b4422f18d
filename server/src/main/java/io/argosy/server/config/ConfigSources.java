package io.argosy.server.config;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Where values come from, weakest first: default, file, environment, flags.
 *
 * @param file parsed YAML; empty for none
 * @param environment variables of the process; those that begin with {@link #VARIABLE_PREFIX} count
 * @param flags {@code key=value}, in the order given; the last one of a key wins
 */
public record ConfigSources(Optional<YamlFile> file, Map<String, String> environment, List<String> flags) {

    /** What the name of every variable begins with. */
    public static final String VARIABLE_PREFIX = "ARGOSY_";

    static final String DEFAULT_ORIGIN = "default";

    public ConfigSources {
        environment = Map.copyOf(environment);
        flags = List.copyOf(flags);
    }

    public static ConfigSources none() {
        return new ConfigSources(Optional.empty(), Map.of(), List.of());
    }

    public ConfigSources withFlags(List<String> otherFlags) {
        return new ConfigSources(file, environment, otherFlags);
    }

    /**
     * Binds all keys.
     *
     * @throws ConfigException with every unknown key and bad value found
     */
    public Config load(List<ConfigKey<?>> keys) {
        return new Binding(keys).bind();
    }

    /** A text and its place. */
    record Raw(String text, String origin) {}

    private final class Binding {

        private final Map<String, ConfigKey<?>> keysByName = new TreeMap<>();
        private final Map<String, Raw> rawByName = new LinkedHashMap<>();
        private final List<String> problems = new ArrayList<>();

        Binding(List<ConfigKey<?>> keys) {
            for (ConfigKey<?> key : keys) {
                if (keysByName.put(key.name(), key) != null) {
                    throw new IllegalArgumentException("key " + key.name() + " is declared twice");
                }
            }
        }

        Config bind() {
            file.ifPresent(yaml -> problems.addAll(yaml.flatten(keysByName.keySet(), this::take)));
            readEnvironment();
            flags.forEach(this::readFlag);
            Map<ConfigKey<?>, Config.Setting> settings = new LinkedHashMap<>();
            keysByName.values().forEach(key -> setting(key).ifPresent(setting -> settings.put(key, setting)));
            if (!problems.isEmpty()) {
                throw new ConfigException(problems);
            }
            return new Config(settings);
        }

        private void take(String name, Raw raw) {
            if (keysByName.containsKey(name)) {
                rawByName.put(name, raw);
            } else {
                problems.add(raw.origin() + ": unknown key '" + name + "'" + hint(name));
            }
        }

        /**
         * A variable that belongs to another process, or to a launcher, is none of our business; one that looks like a
         * slip of the pen for a key of this process is.
         */
        private void readEnvironment() {
            Map<String, String> namesByVariable =
                    keysByName.values().stream().collect(Collectors.toMap(ConfigKey::variable, ConfigKey::name));
            new TreeMap<>(environment).forEach((variable, text) -> {
                if (!variable.startsWith(VARIABLE_PREFIX)) {
                    return;
                }
                String name = namesByVariable.get(variable);
                if (name != null) {
                    rawByName.put(name, new Raw(text, variable));
                } else {
                    nearest(variable, namesByVariable.keySet(), 2)
                            .ifPresent(similar -> problems.add("environment: unknown variable '" + variable
                                    + "'; did you mean '" + similar + "'?"));
                }
            });
        }

        private void readFlag(String flag) {
            int equals = flag.indexOf('=');
            if (equals <= 0) {
                problems.add("flag --" + flag + ": write --key=value");
                return;
            }
            String name = flag.substring(0, equals);
            take(name, new Raw(flag.substring(equals + 1), "flag --" + name));
        }

        private <T> Optional<Config.Setting> setting(ConfigKey<T> key) {
            Raw raw = rawByName.get(key.name());
            if (raw != null) {
                try {
                    return Optional.of(new Config.Setting(key.type().read(raw.text()), raw.text(), raw.origin()));
                } catch (IllegalArgumentException e) {
                    problems.add(raw.origin() + ": " + key.name() + ": " + e.getMessage() + " (allowed: "
                            + key.type().allowed() + ")");
                }
                return Optional.empty();
            }
            if (key.defaultValue().isEmpty()) {
                problems.add("key '" + key.name() + "' must be set, in the file, as " + key.variable() + " or with --"
                        + key.name() + "=... (allowed: " + key.type().allowed() + ")");
            }
            return key.defaultValue()
                    .map(value -> new Config.Setting(value, key.type().write(value), DEFAULT_ORIGIN));
        }

        private String hint(String name) {
            return nearest(name, keysByName.keySet(), Math.max(2, name.length() / 3))
                    .map(similar -> "; did you mean '" + similar + "'?")
                    .orElse("");
        }
    }

    private static Optional<String> nearest(String name, Iterable<String> candidates, int distanceMax) {
        List<String> close = new ArrayList<>();
        candidates.forEach(candidate -> {
            if (distance(name, candidate) <= distanceMax) {
                close.add(candidate);
            }
        });
        return close.stream().min(Comparator.comparingInt((String candidate) -> distance(name, candidate)));
    }

    /** Levenshtein's edit distance, ignoring case. */
    static int distance(String left, String right) {
        int[] row = new int[right.length() + 1];
        for (int j = 0; j <= right.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= left.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= right.length(); j++) {
                boolean same = Character.toLowerCase(left.charAt(i - 1)) == Character.toLowerCase(right.charAt(j - 1));
                int cost = Math.min(Math.min(row[j], row[j - 1]) + 1, diagonal + (same ? 0 : 1));
                diagonal = row[j];
                row[j] = cost;
            }
        }
        return row[right.length()];
    }
}
