package io.argosy.broker.state;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The folder of a database that can be replaced as a whole. While it is, a mark lies beside it: a process that died in
 * the middle left files of two states, which no database can open. Its next start finds the mark, empties the folder and
 * is restored again, from the snapshot that is kept until then.
 */
final class StateFolder {

    private static final String MARK = ".restoring";
    private static final String DAMAGE = ".damage";
    private static final String ASIDE = ".damaged-";
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);

    private final Path folder;
    private final Path parent;
    private final Path mark;
    private final Path damage;
    private final Steps steps;

    /** Told after each step, so that a test can end there. */
    @FunctionalInterface
    interface Steps {
        void done(String step) throws IOException;
    }

    StateFolder(Path folder, Steps steps) {
        this.folder = folder;
        this.parent = folder.toAbsolutePath().resolveSibling("");
        this.mark = folder.resolveSibling(name(folder) + MARK);
        this.damage = folder.resolveSibling(name(folder) + DAMAGE);
        this.steps = steps;
    }

    Path path() {
        return folder;
    }

    /** Empties the folder if it is neither the old state nor the new one. */
    void recover() throws IOException {
        Files.createDirectories(folder);
        if (Files.exists(mark)) {
            clear();
            sync(folder);
            Files.deleteIfExists(damage);
        }
        if (filesOf(folder).isEmpty()) {
            Files.deleteIfExists(damage); // set aside by a start that died
        }
    }

    /** Notes for the next start that files are damaged. Any thread. */
    synchronized void noteDamage(String what) throws IOException {
        try (FileChannel channel = FileChannel.open(damage, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            channel.write(StandardCharsets.UTF_8.encode(what));
            channel.force(true);
        }
        sync(parent);
    }

    /** What an earlier life noted. */
    Optional<String> notedDamage() throws IOException {
        return Files.exists(damage) ? Optional.of(Files.readString(damage)) : Optional.empty();
    }

    /**
     * Moves the folder away, for whoever wants to look at it, and begins an empty one. One such folder is kept, the newest.
     * A process that dies in the middle does it again at its next start, or finds an empty folder.
     *
     * @return where it is now
     */
    Path setAside(Instant now) throws IOException {
        for (Path older : filesOf(parent)) {
            if (name(older).startsWith(name(folder) + ASIDE)) {
                deleteAll(older);
            }
        }
        Path aside = folder.resolveSibling(name(folder) + ASIDE + TIME.format(now));
        Files.move(folder, aside, StandardCopyOption.ATOMIC_MOVE);
        steps.done("set aside");
        Files.createDirectories(folder);
        sync(parent);
        Files.deleteIfExists(damage);
        sync(parent);
        steps.done("begun anew");
        return aside;
    }

    private static void deleteAll(Path folder) throws IOException {
        if (Files.isDirectory(folder)) {
            for (Path file : filesOf(folder)) {
                deleteAll(file);
            }
        }
        Files.delete(folder);
    }

    /** The old database is closed; the new one can be opened afterwards, then {@link #replaced} ends it. */
    void replaceBy(Path source) throws IOException {
        if (!Files.exists(mark)) {
            Files.createFile(mark);
        }
        sync(parent);
        steps.done("marked");
        clear();
        for (Path file : filesOf(source)) {
            bring(file, folder.resolve(name(file)));
            steps.done("brought " + name(file));
        }
        sync(folder);
        steps.done("synced");
    }

    void replaced() throws IOException {
        steps.done("opened");
        Files.delete(mark);
        sync(parent);
        steps.done("unmarked");
    }

    private void clear() throws IOException {
        for (Path file : filesOf(folder)) {
            Files.delete(file);
            steps.done("deleted " + name(file));
        }
    }

    private static List<Path> filesOf(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.sorted(Comparator.comparing(StateFolder::name)).toList();
        }
    }

    /** Table files, which never change, are linked; the rest is copied, so that the source stays as it is. */
    private static void bring(Path from, Path to) throws IOException {
        if (name(from).endsWith(".sst") || name(from).endsWith(".blob")) {
            try {
                Files.createLink(to, from);
                return;
            } catch (UnsupportedOperationException e) {
                // A file system without links: a copy does as well.
            }
        }
        Files.copy(from, to);
        try (FileChannel channel = FileChannel.open(to, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
    }

    private static void sync(Path folder) throws IOException {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    static String name(Path file) {
        return String.valueOf(file.getFileName());
    }
}
