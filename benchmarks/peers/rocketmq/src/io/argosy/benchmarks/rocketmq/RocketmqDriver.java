package io.argosy.benchmarks.rocketmq;

import io.argosy.benchmarks.Driver;
import io.argosy.benchmarks.UnderWay;
import java.io.Closeable;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendCallback;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.producer.SendStatus;
import org.apache.rocketmq.common.TopicConfig;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageQueue;
import org.apache.rocketmq.remoting.protocol.body.ClusterInfo;
import org.apache.rocketmq.remoting.protocol.route.BrokerData;
import org.apache.rocketmq.tools.admin.DefaultMQAdminExt;

/**
 * Apache RocketMQ through its remoting client. Options: {@code mode} (async, batch, autobatch), {@code batchMessages}
 * (64) for batch, {@code brokerPorts} (in the order of the nodes).
 */
public final class RocketmqDriver implements Driver {

    private static final Duration FLUSH_MAX = Duration.ofMinutes(1);

    private final Setup setup;
    private final DefaultMQAdminExt admin;
    /** Of the topics made here, for sends to one queue after the other. */
    private final Map<String, String> brokers = new HashMap<>();

    RocketmqDriver(Setup setup) throws Exception {
        this.setup = setup;
        admin = new DefaultMQAdminExt(60_000L);
        admin.setNamesrvAddr(setup.endpoints());
        admin.setInstanceName("admin" + System.nanoTime());
        admin.start();
    }

    /** Found by the name rocketmq. */
    public static final class Found implements Provider {

        public Found() {}

        @Override
        public String name() {
            return "rocketmq";
        }

        @Override
        public Driver open(Setup setup) throws Exception {
            return new RocketmqDriver(setup);
        }
    }

    private String master() throws Exception {
        for (int attempt = 0; ; attempt++) {
            try {
                for (BrokerData broker :
                        admin.examineBrokerClusterInfo().getBrokerAddrTable().values()) {
                    String address = broker.getBrokerAddrs().get(0L);
                    if (address != null) {
                        return address;
                    }
                }
            } catch (Exception e) {
                if (attempt > 200) {
                    throw e;
                }
            }
            if (attempt > 200) {
                throw new IllegalStateException("no master");
            }
            Thread.sleep(300);
        }
    }

    @Override
    public void createTopic(String topic, int queues) throws Exception {
        for (int attempt = 0; ; attempt++) {
            try {
                admin.createAndUpdateTopicConfig(master(), new TopicConfig(topic, queues, queues));
                break;
            } catch (Exception e) {
                if (attempt > 60) {
                    throw e;
                }
                Thread.sleep(500);
            }
        }
        for (int attempt = 0; attempt < 200; attempt++) {
            try {
                if (!admin.examineTopicRouteInfo(topic).getQueueDatas().isEmpty()) {
                    brokers.put(topic, admin.examineTopicRouteInfo(topic).getQueueDatas().get(0).getBrokerName());
                    return;
                }
            } catch (Exception notYet) {
                // The name server learns of it with the next registration.
            }
            Thread.sleep(100);
        }
        throw new IllegalStateException("topic " + topic + " is not ready");
    }

    @Override
    public void deleteTopic(String topic) throws Exception {
        ClusterInfo cluster = admin.examineBrokerClusterInfo();
        Set<String> addresses = new HashSet<>();
        for (BrokerData broker : cluster.getBrokerAddrTable().values()) {
            addresses.addAll(broker.getBrokerAddrs().values());
        }
        admin.deleteTopicInBroker(addresses, topic);
        admin.deleteTopicInNameServer(new HashSet<>(List.of(setup.endpoints())), topic);
    }

    @Override
    public int leader(String topic) throws Exception {
        String master = master();
        List<String> ports = Arrays.asList(setup.option("brokerPorts", "").split(","));
        int index = ports.indexOf(master.substring(master.lastIndexOf(':') + 1));
        if (index < 0) {
            throw new IllegalStateException("the master " + master + " is none of " + ports);
        }
        return index + 1;
    }

    @Override
    public Sender sender() throws Exception {
        String mode = setup.option("mode", "async");
        DefaultMQProducer producer = new DefaultMQProducer("bench" + System.nanoTime());
        producer.setNamesrvAddr(setup.endpoints());
        producer.setInstanceName("producer" + System.nanoTime());
        producer.setCompressMsgBodyOverHowmuch(Integer.MAX_VALUE);
        producer.setMaxMessageSize(4 << 20);
        if (mode.equals("autobatch")) {
            producer.setAutoBatch(true);
        }
        producer.start();
        return new ProducerSender(producer, mode.equals("batch") ? setup.option("batchMessages", 64) : 1);
    }

    private final class ProducerSender implements Sender {
        private final DefaultMQProducer producer;
        private final int batchMessages;
        private final ThreadLocal<List<Message>> batch = ThreadLocal.withInitial(ArrayList::new);
        private final UnderWay underWay = new UnderWay();

        ProducerSender(DefaultMQProducer producer, int batchMessages) {
            this.producer = producer;
            this.batchMessages = batchMessages;
        }

        @Override
        public void send(String topic, int queue, byte[] body, Completion completion) {
            Message message = new Message(topic, body);
            if (batchMessages == 1) {
                SendCallback told = told(1, completion);
                try {
                    if (queue == ANY_QUEUE) {
                        producer.send(message, told);
                    } else {
                        producer.send(message, new MessageQueue(topic, brokers.get(topic), queue), told);
                    }
                } catch (Exception e) {
                    told.onException(e);
                }
                return;
            }
            List<Message> messages = batch.get();
            messages.add(message);
            if (messages.size() == batchMessages) {
                batch.set(new ArrayList<>(batchMessages));
                SendCallback told = told(batchMessages, completion);
                try {
                    producer.send(messages, told);
                } catch (Exception e) {
                    told.onException(e);
                }
            }
        }

        private SendCallback told(int messages, Completion completion) {
            underWay.begin();
            return new SendCallback() {
                @Override
                public void onSuccess(SendResult result) {
                    underWay.end();
                    // Auto-batching answers without a result.
                    boolean stored = result == null || result.getSendStatus() == SendStatus.SEND_OK;
                    completion.done(
                            messages, stored ? null : new IllegalStateException("" + result.getSendStatus()));
                }

                @Override
                public void onException(Throwable failure) {
                    underWay.end();
                    completion.done(messages, failure);
                }
            };
        }

        @Override
        public void sendAndWait(String topic, byte[] body) throws Exception {
            SendResult result = producer.send(new Message(topic, body));
            if (result.getSendStatus() != SendStatus.SEND_OK) {
                throw new IllegalStateException("" + result.getSendStatus());
            }
        }

        @Override
        public void flush() throws Exception {
            underWay.awaitNone(FLUSH_MAX);
        }

        @Override
        public void close() {
            producer.shutdown();
        }
    }

    @Override
    public Closeable consumer(String topic, boolean fromStart, Consumer<ByteBuffer> receiver) throws Exception {
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer("bench-" + UUID.randomUUID());
        consumer.setNamesrvAddr(setup.endpoints());
        consumer.setInstanceName("consumer" + System.nanoTime());
        consumer.setConsumeFromWhere(
                fromStart ? ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET : ConsumeFromWhere.CONSUME_FROM_LAST_OFFSET);
        consumer.setPullBatchSize(32);
        consumer.setConsumeMessageBatchMaxSize(32);
        consumer.subscribe(topic, "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            messages.forEach(message -> receiver.accept(ByteBuffer.wrap(message.getBody())));
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        return consumer::shutdown;
    }

    /** Refusals are for flow control; nothing tells which are not. */
    @Override
    public boolean retryable(Throwable failure) {
        return true;
    }

    @Override
    public void close() {
        admin.shutdown();
    }
}
