package io.argosy.benchmarks.official;

import io.argosy.benchmarks.Driver;
import io.argosy.benchmarks.UnderWay;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apache.rocketmq.client.apis.ClientConfiguration;
import org.apache.rocketmq.client.apis.ClientException;
import org.apache.rocketmq.client.apis.ClientServiceProvider;
import org.apache.rocketmq.client.apis.consumer.ConsumeResult;
import org.apache.rocketmq.client.apis.consumer.FilterExpression;
import org.apache.rocketmq.client.apis.consumer.PushConsumer;
import org.apache.rocketmq.client.apis.message.Message;
import org.apache.rocketmq.client.apis.producer.Producer;

/**
 * The official gRPC client, in plaintext. Topics are made by the control program. Options: {@code connect} (leader or
 * follower: producers whose connection goes elsewhere are given up for new ones), {@code clientPorts} (of the nodes, in
 * their order; empty if there is one door for all).
 */
public final class OfficialDriver implements Driver {

    private static final ClientServiceProvider PROVIDER = ClientServiceProvider.loadService();
    private static final int ATTEMPTS_MAX = 40;
    private static final Duration FLUSH_MAX = Duration.ofMinutes(1);
    private static final String ESTABLISHED = "01";

    private final Setup setup;
    private final Path control;
    private final ClientConfiguration configuration;
    private String topic = "";

    OfficialDriver(Setup setup) {
        this.setup = setup;
        this.control = setup.control()
                .orElseThrow(() -> new IllegalArgumentException("this driver needs --control to make topics"));
        this.configuration = ClientConfiguration.newBuilder()
                .setEndpoints(setup.endpoints())
                .enableSsl(false)
                .setRequestTimeout(Duration.ofSeconds(3))
                .build();
    }

    /** Found by the name official. */
    public static final class Found implements Provider {

        public Found() {}

        @Override
        public String name() {
            return "official";
        }

        @Override
        public Driver open(Setup setup) {
            return new OfficialDriver(setup);
        }
    }

    private String control(String... arguments) throws IOException, InterruptedException {
        String[] command = new String[arguments.length + 1];
        command[0] = control.toString();
        System.arraycopy(arguments, 0, command, 1, arguments.length);
        Process process =
                new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        String output = new String(process.getInputStream().readAllBytes());
        if (process.waitFor() != 0) {
            throw new IOException(String.join(" ", command) + " failed: " + output);
        }
        return output.strip();
    }

    @Override
    public void createTopic(String name, int queues) throws Exception {
        control("create-topic", name, Integer.toString(queues));
        topic = name;
    }

    @Override
    public void deleteTopic(String name) throws Exception {
        control("delete-topic", name);
    }

    @Override
    public int leader(String name) throws Exception {
        return Integer.parseInt(control("leader"));
    }

    @Override
    public Sender sender() throws Exception {
        String wanted = setup.option("connect", "");
        if (wanted.isEmpty()) {
            return new ProducerSender(producer());
        }
        List<String> ports = Arrays.asList(setup.option("clientPorts", "").split(","));
        int leaderPort = Integer.parseInt(ports.get(leader(topic) - 1));
        for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
            ProducerSender sender = new ProducerSender(producer());
            sender.sendAndWait(topic, new byte[] {1});
            Set<Integer> connected = connectedPorts();
            connected.retainAll(ports.stream().map(Integer::parseInt).toList());
            boolean leaderOnly = connected.equals(Set.of(leaderPort));
            boolean followerOnly = connected.size() == 1 && !leaderOnly;
            if (wanted.equals("leader") ? leaderOnly : followerOnly) {
                System.err.println("    connected to port " + connected + ", the leader's is " + leaderPort);
                return sender;
            }
            sender.close();
            for (int i = 0; i < 100 && !none(ports); i++) {
                Thread.sleep(100);
            }
        }
        throw new IllegalStateException("no connection to a " + wanted + " in " + ATTEMPTS_MAX + " attempts");
    }

    private boolean none(List<String> ports) throws IOException {
        Set<Integer> connected = connectedPorts();
        connected.retainAll(ports.stream().map(Integer::parseInt).toList());
        return connected.isEmpty();
    }

    /** Ports that this process has connections to. */
    private static Set<Integer> connectedPorts() throws IOException {
        Set<String> inodes = new HashSet<>();
        try (Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
            for (Path file : files.toList()) {
                try {
                    String link = Files.readSymbolicLink(file).toString();
                    if (link.startsWith("socket:[")) {
                        inodes.add(link.substring("socket:[".length(), link.length() - 1));
                    }
                } catch (IOException closed) {
                    // Closed since it was listed.
                }
            }
        }
        Set<Integer> ports = new HashSet<>();
        for (String table : List.of("/proc/net/tcp", "/proc/net/tcp6")) {
            for (String line : Files.readAllLines(Path.of(table))) {
                String[] fields = line.trim().split("\\s+");
                if (fields.length > 9 && fields[3].equals(ESTABLISHED) && inodes.contains(fields[9])) {
                    ports.add(Integer.parseInt(fields[2].substring(fields[2].indexOf(':') + 1), 16));
                }
            }
        }
        return ports;
    }

    private Producer producer() throws ClientException {
        return PROVIDER.newProducerBuilder()
                .setClientConfiguration(configuration)
                .setTopics(topic)
                .build();
    }

    private static final class ProducerSender implements Sender {
        private final Producer producer;
        private final UnderWay underWay = new UnderWay();

        ProducerSender(Producer producer) {
            this.producer = producer;
        }

        private static Message message(String topic, byte[] body) {
            return PROVIDER.newMessageBuilder().setTopic(topic).setBody(body).build();
        }

        @Override
        public void send(String topic, int queue, byte[] body, Completion completion) {
            underWay.begin();
            producer.sendAsync(message(topic, body)).whenComplete((receipt, failure) -> {
                underWay.end();
                completion.done(1, failure);
            });
        }

        @Override
        public void sendAndWait(String topic, byte[] body) throws Exception {
            producer.send(message(topic, body));
        }

        @Override
        public void flush() throws Exception {
            underWay.awaitNone(FLUSH_MAX);
        }

        @Override
        public void close() throws IOException {
            producer.close();
        }
    }

    @Override
    public Closeable consumer(String name, boolean fromStart, Consumer<ByteBuffer> receiver) throws Exception {
        PushConsumer consumer = PROVIDER.newPushConsumerBuilder()
                .setClientConfiguration(configuration)
                .setConsumerGroup("bench-" + UUID.randomUUID())
                .setSubscriptionExpressions(Map.of(name, FilterExpression.SUB_ALL))
                .setMessageListener(message -> {
                    receiver.accept(message.getBody());
                    return ConsumeResult.SUCCESS;
                })
                .build();
        return consumer::close;
    }

    /** The client tells too little to say no. */
    @Override
    public boolean retryable(Throwable failure) {
        return true;
    }

    @Override
    public void close() {
        // Producers and consumers have their own connections.
    }
}
