package io.argosy.server.config;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.stream.Collectors;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/** A YAML file as a tree of nodes that know their line. No objects are built from it: no tags, no types, no surprises. */
public final class YamlFile {

    private final String label;
    private final Optional<Node> root;

    private YamlFile(String label, Optional<Node> root) {
        this.label = label;
        this.root = root;
    }

    /** @throws ConfigException if the file can't be read or is not YAML */
    public static YamlFile read(Path file) {
        try {
            return parse(file.toString(), Files.readString(file));
        } catch (NoSuchFileException e) {
            throw new ConfigException(List.of(file + ": no such file"));
        } catch (CharacterCodingException e) {
            throw new ConfigException(List.of(file + ": not UTF-8"));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file, e);
        }
    }

    /**
     * @param label stands for the file in messages
     * @throws ConfigException if the text is not YAML
     */
    public static YamlFile parse(String label, String text) {
        try {
            LoadSettings settings = LoadSettings.builder().setLabel(label).build();
            return new YamlFile(label, new Compose(settings).composeString(text));
        } catch (MarkedYamlEngineException e) {
            String place = place(label, e.getProblemMark().or(e::getContextMark));
            throw new ConfigException(List.of(place + ": not valid YAML: " + e.getProblem()));
        } catch (YamlEngineException e) {
            throw new ConfigException(List.of(label + ": not valid YAML: " + e.getMessage()));
        }
    }

    /**
     * Turns the tree into dotted names and texts.
     *
     * @param keys known names; where one of them is reached, the rest of the tree is its value
     * @return problems of the shape, one line each
     */
    List<String> flatten(Set<String> keys, BiConsumer<String, ConfigSources.Raw> values) {
        List<String> problems = new ArrayList<>();
        root.ifPresent(node -> {
            if (node instanceof MappingNode mapping) {
                flatten("", mapping, keys, values, problems);
            } else if (!isNull(node)) {
                problems.add(place(node) + ": expected 'key: value' lines");
            }
        });
        return problems;
    }

    private void flatten(
            String prefix,
            MappingNode mapping,
            Set<String> keys,
            BiConsumer<String, ConfigSources.Raw> values,
            List<String> problems) {
        Map<String, Node> seen = new HashMap<>();
        for (NodeTuple tuple : mapping.getValue()) {
            Node keyNode = tuple.getKeyNode();
            if (!(keyNode instanceof ScalarNode key)) {
                problems.add(place(keyNode) + ": a key must be plain text");
                continue;
            }
            String name = prefix + key.getValue();
            Node first = seen.putIfAbsent(name, keyNode);
            if (first != null) {
                problems.add(place(keyNode) + ": key '" + name + "' was already set at " + place(first));
                continue;
            }
            Node value = tuple.getValueNode();
            if (keys.contains(name)) {
                Optional<String> text = text(value);
                text.ifPresent(t -> values.accept(name, new ConfigSources.Raw(t, place(value))));
                if (text.isEmpty()) {
                    problems.add(place(value) + ": " + name + ": nested deeper than any value can be");
                }
            } else if (value instanceof MappingNode inner && leadsToAKey(name, keys)) {
                flatten(name + ".", inner, keys, values, problems);
            } else if (leadsToAKey(name, keys)) {
                // A section whose keys are all commented out reads as null: that is nothing, not a mistake.
                if (!isNull(value)) {
                    problems.add(place(value) + ": '" + name + "' is a section; expected 'key: value' lines below it");
                }
            } else {
                values.accept(name, new ConfigSources.Raw("", place(keyNode)));
            }
        }
    }

    private static boolean leadsToAKey(String name, Set<String> keys) {
        return keys.stream().anyMatch(key -> key.startsWith(name + "."));
    }

    private static boolean isNull(Node node) {
        return node instanceof ScalarNode scalar && scalar.getTag().toString().endsWith(":null");
    }

    /** A scalar as it stands, a list with commas, a map as key=value with commas, a map of maps as key.key=value. */
    private static Optional<String> text(Node node) {
        if (node instanceof ScalarNode scalar) {
            return Optional.of(isNull(scalar) ? "" : scalar.getValue());
        }
        if (node instanceof SequenceNode sequence) {
            return sequence.getValue().stream().allMatch(ScalarNode.class::isInstance)
                    ? Optional.of(sequence.getValue().stream()
                            .map(element -> ((ScalarNode) element).getValue())
                            .collect(Collectors.joining(",")))
                    : Optional.empty();
        }
        List<String> parts = new ArrayList<>();
        return node instanceof MappingNode mapping && collect("", mapping, parts)
                ? Optional.of(String.join(",", parts))
                : Optional.empty();
    }

    private static boolean collect(String prefix, MappingNode mapping, List<String> parts) {
        for (NodeTuple tuple : mapping.getValue()) {
            if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
                return false;
            }
            Node value = tuple.getValueNode();
            if (value instanceof ScalarNode scalar) {
                parts.add(prefix + key.getValue() + "=" + scalar.getValue());
            } else if (!(value instanceof MappingNode inner && collect(prefix + key.getValue() + ".", inner, parts))) {
                return false;
            }
        }
        return true;
    }

    private String place(Node node) {
        return place(label, node.getStartMark());
    }

    /** {@code file:line:column}, both counted from 1, as editors and compilers do. */
    private static String place(String label, Optional<Mark> mark) {
        return label
                + mark.map(m -> ":" + (m.getLine() + 1) + ":" + (m.getColumn() + 1))
                        .orElse("");
    }
}
