/**
 * The replicated commands and their bytes. Whatever changes state is one of these, stamped by the leader.
 */
@NullMarked
package io.argosy.broker.command;

import org.jspecify.annotations.NullMarked;
