package io.argosy.server.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The command line of a server process: {@code [--config FILE] [--check] [--help] [--version] [--key=value]... [--set
 * key=value]...}.
 */
public record Arguments(Optional<Path> configFile, List<String> flags, boolean check, boolean help, boolean version) {

    public Arguments {
        flags = List.copyOf(flags);
    }

    /** @throws ConfigException naming every argument that makes no sense */
    public static Arguments parse(List<String> args) {
        List<String> flags = new ArrayList<>();
        List<String> problems = new ArrayList<>();
        Optional<Path> configFile = Optional.empty();
        for (int i = 0; i < args.size(); i++) {
            String arg = args.get(i);
            if (arg.equals("--config") || arg.equals("--set")) {
                i++;
                if (i == args.size()) {
                    problems.add(arg + ": value missing");
                } else if (arg.equals("--config")) {
                    configFile = Optional.of(Path.of(args.get(i)));
                } else {
                    flags.add(args.get(i));
                }
            } else if (arg.startsWith("--config=")) {
                configFile = Optional.of(Path.of(arg.substring("--config=".length())));
            } else if (arg.startsWith("--set=")) {
                flags.add(arg.substring("--set=".length()));
            } else if (arg.startsWith("--") && arg.indexOf('=') > 2) {
                flags.add(arg.substring(2));
            } else if (!List.of("--check", "--help", "--version").contains(arg)) {
                problems.add("argument '" + arg + "' not understood; see --help");
            }
        }
        if (!problems.isEmpty()) {
            throw new ConfigException(problems);
        }
        return new Arguments(
                configFile, flags, args.contains("--check"), args.contains("--help"), args.contains("--version"));
    }

    /** @throws ConfigException if the file is not readable YAML or any value is bad */
    public Config load(List<ConfigKey<?>> keys, Map<String, String> environment) {
        return new ConfigSources(configFile.map(YamlFile::read), environment, flags).load(keys);
    }
}
