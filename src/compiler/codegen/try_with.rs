//! `try`, `with`, and what leaving a block by `break`, `continue` or `return` has to undo.

use ruff_python_ast::{ExceptHandler, Identifier, StmtTry, StmtWith};
use ruff_text_size::{Ranged, TextRange};

use super::Generator;
use super::names::Access;
use super::statements::too_many_blocks;
use super::unit::{At, FrameBlock, FrameBlockKind, Label};
use crate::error::{Compiled, Failure};
use crate::opcode::{Intrinsic2, Opcode, SpecialMethod};

impl<'a> Generator<'a, '_> {
    /// Undoes one block. `preserve`: the top of the stack is to be kept.
    pub fn unwind_block(
        &mut self,
        block: &FrameBlock<'a>,
        at: &mut At,
        preserve: bool,
    ) -> Compiled<()> {
        let keep = |generator: &mut Self, at: At| {
            if preserve {
                generator.emit_with(Opcode::SWAP, 2, at);
            }
        };
        match block.kind {
            FrameBlockKind::WhileLoop
            | FrameBlockKind::ExceptionHandler
            | FrameBlockKind::ExceptionGroupHandler
            | FrameBlockKind::AsyncComprehension
            | FrameBlockKind::StopIteration => {}
            FrameBlockKind::ForLoop => {
                keep(self, *at);
                self.emit(Opcode::POP_ITER, *at);
            }
            FrameBlockKind::AsyncForLoop | FrameBlockKind::PopValue => {
                keep(self, *at);
                self.emit(Opcode::POP_TOP, *at);
            }
            FrameBlockKind::TryExcept => self.emit(Opcode::POP_BLOCK, *at),
            FrameBlockKind::FinallyTry(body) => {
                self.emit(Opcode::POP_BLOCK, *at);
                if preserve {
                    self.push_block(FrameBlockKind::PopValue, Label::NONE, Label::NONE)?;
                }
                self.statements(body)?;
                if preserve {
                    self.pop_block();
                }
                // What follows is the exit, but belongs to no line of its own.
                *at = None;
            }
            FrameBlockKind::FinallyEnd => {
                keep(self, *at);
                self.emit(Opcode::POP_TOP, *at);
                keep(self, *at);
                self.emit(Opcode::POP_BLOCK, *at);
                self.emit(Opcode::POP_EXCEPT, *at);
            }
            FrameBlockKind::With(with_at) | FrameBlockKind::AsyncWith(with_at) => {
                *at = with_at;
                self.emit(Opcode::POP_BLOCK, *at);
                if preserve {
                    self.emit_with(Opcode::SWAP, 3, *at);
                    self.emit_with(Opcode::SWAP, 2, *at);
                }
                self.call_exit_with_nones(*at);
                if matches!(block.kind, FrameBlockKind::AsyncWith(_)) {
                    self.emit_with(Opcode::GET_AWAITABLE, 2, *at);
                    self.load_none(*at);
                    self.yield_from(*at, true);
                }
                self.emit(Opcode::POP_TOP, *at);
                *at = None;
            }
            FrameBlockKind::HandlerCleanup(name) => {
                if name.is_some() {
                    self.emit(Opcode::POP_BLOCK, *at);
                }
                keep(self, *at);
                self.emit(Opcode::POP_BLOCK, *at);
                self.emit(Opcode::POP_EXCEPT, *at);
                self.forget_handler_name(name, *at);
            }
        }
        Ok(())
    }

    /// Undoes all open blocks before a `return`.
    pub fn unwind_for_exit(
        &mut self,
        at: &mut At,
        preserve: bool,
        range: TextRange,
    ) -> Compiled<()> {
        let depth = self.unit_ref().blocks.len();
        self.unwind_from(depth, at, preserve, false, range)
            .map(|_| ())
    }

    /// Undoes the blocks inside the innermost loop; its index among the blocks.
    pub fn unwind_to_loop(&mut self, at: &mut At, range: TextRange) -> Compiled<Option<usize>> {
        let depth = self.unit_ref().blocks.len();
        self.unwind_from(depth, at, false, true, range)
    }

    fn unwind_from(
        &mut self,
        mut depth: usize,
        at: &mut At,
        preserve: bool,
        stop_at_loop: bool,
        range: TextRange,
    ) -> Compiled<Option<usize>> {
        // While a `finally` body is generated, the blocks around the `try` are the open ones.
        let all = self.unit_ref().blocks.clone();
        let mut result = Ok(None);
        while depth > 0 {
            let block = all[depth - 1];
            match block.kind {
                FrameBlockKind::ExceptionGroupHandler => {
                    result = Err(Failure::syntax(
                        "'break', 'continue' and 'return' cannot appear in an except* block",
                        range,
                    ));
                    break;
                }
                FrameBlockKind::WhileLoop
                | FrameBlockKind::ForLoop
                | FrameBlockKind::AsyncForLoop
                    if stop_at_loop =>
                {
                    result = Ok(Some(depth - 1));
                    break;
                }
                _ => {}
            }
            depth -= 1;
            self.unit().blocks.truncate(depth);
            if let Err(failure) = self.unwind_block(&block, at, preserve) {
                result = Err(failure);
                break;
            }
        }
        self.unit().blocks = all;
        result
    }

    fn call_exit_with_nones(&mut self, at: At) {
        for _ in 0..3 {
            self.load_none(at);
        }
        self.emit_with(Opcode::CALL, 3, at);
    }

    /// `except E as name` unbinds the name at its end.
    fn forget_handler_name(&mut self, name: Option<&'a Identifier>, at: At) {
        if let Some(name) = name {
            self.load_none(at);
            self.store(name, at);
            self.variable(name, Access::Delete, at);
        }
    }

    /// In a handler that itself failed: restores what was being handled, raises again.
    fn pop_except_and_reraise(&mut self, at: At) {
        self.emit_with(Opcode::COPY, 3, at);
        self.emit(Opcode::POP_EXCEPT, at);
        self.emit_with(Opcode::RERAISE, 1, at);
    }

    pub fn try_statement(&mut self, node: &'a StmtTry) -> Compiled<()> {
        if node.finalbody.is_empty() {
            return self.try_without_finally(node);
        }
        let at = self.at(node.range);
        let (body, end, exit, cleanup) = (self.label(), self.label(), self.label(), self.label());
        self.jump(Opcode::SETUP_FINALLY, end, at);
        self.use_label(body);
        self.push_block(FrameBlockKind::FinallyTry(&node.finalbody), body, end)
            .map_err(|_| too_many_blocks(node.range))?;
        if node.handlers.is_empty() {
            self.statements(&node.body)?;
        } else {
            self.try_without_finally(node)?;
        }
        self.emit(Opcode::POP_BLOCK, None);
        self.pop_block();
        self.statements(&node.finalbody)?;
        self.jump(Opcode::JUMP, exit, None);

        self.use_label(end);
        self.push_block(FrameBlockKind::FinallyEnd, end, Label::NONE)
            .map_err(|_| too_many_blocks(node.range))?;
        self.jump(Opcode::SETUP_CLEANUP, cleanup, None);
        self.emit(Opcode::PUSH_EXC_INFO, None);
        self.statements(&node.finalbody)?;
        self.pop_block();
        self.emit_with(Opcode::RERAISE, 0, None);
        self.use_label(cleanup);
        self.pop_except_and_reraise(None);
        self.use_label(exit);
        Ok(())
    }

    fn try_without_finally(&mut self, node: &'a StmtTry) -> Compiled<()> {
        if node.handlers.is_empty() {
            self.statements(&node.body)?;
            return self.statements(&node.orelse);
        }
        if node.is_star {
            self.try_star(node)
        } else {
            self.try_except(node)
        }
    }

    fn try_except(&mut self, node: &'a StmtTry) -> Compiled<()> {
        let at = self.at(node.range);
        let (body, mut except, end, cleanup) =
            (self.label(), self.label(), self.label(), self.label());
        self.jump(Opcode::SETUP_FINALLY, except, at);
        self.use_label(body);
        self.push_block(FrameBlockKind::TryExcept, body, Label::NONE)
            .map_err(|_| too_many_blocks(node.range))?;
        self.statements(&node.body)?;
        self.pop_block();
        self.emit(Opcode::POP_BLOCK, None);
        self.statements(&node.orelse)?;
        self.jump(Opcode::JUMP, end, None);

        self.use_label(except);
        self.jump(Opcode::SETUP_CLEANUP, cleanup, None);
        self.emit(Opcode::PUSH_EXC_INFO, None);
        self.push_block(FrameBlockKind::ExceptionHandler, Label::NONE, Label::NONE)
            .map_err(|_| too_many_blocks(node.range))?;
        for (index, ExceptHandler::ExceptHandler(handler)) in node.handlers.iter().enumerate() {
            let at = self.at(handler.range);
            if handler.type_.is_none() && index + 1 < node.handlers.len() {
                return Err(Failure::syntax(
                    "default 'except:' must be last",
                    handler.range,
                ));
            }
            except = self.label();
            if let Some(type_) = &handler.type_ {
                self.expression(type_)?;
                self.emit(Opcode::CHECK_EXC_MATCH, at);
                self.jump(Opcode::POP_JUMP_IF_FALSE, except, at);
            }
            let handler_body = self.label();
            if let Some(name) = &handler.name {
                let cleanup_end = self.label();
                self.store(name, at);
                self.jump(Opcode::SETUP_CLEANUP, cleanup_end, at);
                self.use_label(handler_body);
                self.push_block(
                    FrameBlockKind::HandlerCleanup(Some(name)),
                    handler_body,
                    Label::NONE,
                )
                .map_err(|_| too_many_blocks(handler.range))?;
                self.statements(&handler.body)?;
                self.pop_block();
                self.emit(Opcode::POP_BLOCK, None);
                self.emit(Opcode::POP_BLOCK, None);
                self.emit(Opcode::POP_EXCEPT, None);
                self.forget_handler_name(Some(name), None);
                self.jump(Opcode::JUMP, end, None);
                self.use_label(cleanup_end);
                self.forget_handler_name(Some(name), None);
                self.emit_with(Opcode::RERAISE, 1, None);
            } else {
                self.emit(Opcode::POP_TOP, at);
                self.use_label(handler_body);
                self.push_block(
                    FrameBlockKind::HandlerCleanup(None),
                    handler_body,
                    Label::NONE,
                )
                .map_err(|_| too_many_blocks(handler.range))?;
                self.statements(&handler.body)?;
                self.pop_block();
                self.emit(Opcode::POP_BLOCK, None);
                self.emit(Opcode::POP_EXCEPT, None);
                self.jump(Opcode::JUMP, end, None);
            }
            self.use_label(except);
        }
        self.emit_with(Opcode::RERAISE, 0, None);
        self.pop_block();
        self.use_label(cleanup);
        self.pop_except_and_reraise(None);
        self.use_label(end);
        Ok(())
    }

    fn try_star(&mut self, node: &'a StmtTry) -> Compiled<()> {
        let at = self.at(node.range);
        let (body, mut except, orelse) = (self.label(), self.label(), self.label());
        let (end, cleanup, reraise_star) = (self.label(), self.label(), self.label());
        self.jump(Opcode::SETUP_FINALLY, except, at);
        self.use_label(body);
        self.push_block(FrameBlockKind::TryExcept, body, Label::NONE)
            .map_err(|_| too_many_blocks(node.range))?;
        self.statements(&node.body)?;
        self.pop_block();
        self.emit(Opcode::POP_BLOCK, None);
        self.jump(Opcode::JUMP, orelse, None);

        self.use_label(except);
        self.jump(Opcode::SETUP_CLEANUP, cleanup, None);
        self.emit(Opcode::PUSH_EXC_INFO, None);
        self.push_block(
            FrameBlockKind::ExceptionGroupHandler,
            Label::NONE,
            Label::NONE,
        )
        .map_err(|_| too_many_blocks(node.range))?;
        for (index, ExceptHandler::ExceptHandler(handler)) in node.handlers.iter().enumerate() {
            let at = self.at(handler.range);
            except = self.label();
            let (except_with_error, no_match) = (self.label(), self.label());
            if index == 0 {
                // The list of what the handlers raise. Stack: original, list, exception.
                self.emit_with(Opcode::BUILD_LIST, 0, at);
                self.emit_with(Opcode::COPY, 2, at);
            }
            if let Some(type_) = &handler.type_ {
                self.expression(type_)?;
                self.emit(Opcode::CHECK_EG_MATCH, at);
                self.emit_with(Opcode::COPY, 1, at);
                self.jump(Opcode::POP_JUMP_IF_NONE, no_match, at);
            }
            let (cleanup_end, handler_body) = (self.label(), self.label());
            match &handler.name {
                Some(name) => self.store(name, at),
                None => self.emit(Opcode::POP_TOP, at),
            }
            self.jump(Opcode::SETUP_CLEANUP, cleanup_end, at);
            self.use_label(handler_body);
            self.push_block(
                FrameBlockKind::HandlerCleanup(handler.name.as_ref()),
                handler_body,
                Label::NONE,
            )
            .map_err(|_| too_many_blocks(handler.range))?;
            self.statements(&handler.body)?;
            self.pop_block();
            self.emit(Opcode::POP_BLOCK, None);
            self.forget_handler_name(handler.name.as_ref(), None);
            self.jump(Opcode::JUMP, except, None);
            self.use_label(cleanup_end);
            self.forget_handler_name(handler.name.as_ref(), None);
            self.emit_with(Opcode::LIST_APPEND, 3, None);
            self.emit(Opcode::POP_TOP, None);
            self.jump(Opcode::JUMP, except_with_error, None);
            self.use_label(except);
            self.emit(Opcode::NOP, None);
            self.jump(Opcode::JUMP, except_with_error, None);
            self.use_label(no_match);
            self.emit(Opcode::POP_TOP, at);
            self.use_label(except_with_error);
            if index + 1 == node.handlers.len() {
                // What no handler took.
                self.emit_with(Opcode::LIST_APPEND, 1, None);
                self.jump(Opcode::JUMP, reraise_star, None);
            }
        }
        self.pop_block();
        let reraise = self.label();
        self.use_label(reraise_star);
        self.emit_with(
            Opcode::CALL_INTRINSIC_2,
            Intrinsic2::PrepReraiseStar as u32,
            None,
        );
        self.emit_with(Opcode::COPY, 1, None);
        self.jump(Opcode::POP_JUMP_IF_NOT_NONE, reraise, None);
        self.emit(Opcode::POP_TOP, None);
        self.emit(Opcode::POP_BLOCK, None);
        self.emit(Opcode::POP_EXCEPT, None);
        self.jump(Opcode::JUMP, end, None);
        self.use_label(reraise);
        self.emit(Opcode::POP_BLOCK, None);
        self.emit_with(Opcode::SWAP, 2, None);
        self.emit(Opcode::POP_EXCEPT, None);
        self.emit_with(Opcode::RERAISE, 0, None);
        self.use_label(cleanup);
        self.pop_except_and_reraise(None);
        self.use_label(orelse);
        self.statements(&node.orelse)?;
        self.use_label(end);
        Ok(())
    }

    pub fn with_statement(&mut self, node: &'a StmtWith, index: usize) -> Compiled<()> {
        if node.is_async {
            self.require_async("'async with' outside async function", node.range)?;
        }
        let item = &node.items[index];
        let at = self.at(item.context_expr.range());
        let (block, last, exit, cleanup) = (self.label(), self.label(), self.label(), self.label());
        let (enter_method, exit_method) = if node.is_async {
            (SpecialMethod::AsyncEnter, SpecialMethod::AsyncExit)
        } else {
            (SpecialMethod::Enter, SpecialMethod::Exit)
        };
        self.expression(&item.context_expr)?;
        self.emit_with(Opcode::COPY, 1, at);
        self.emit_with(Opcode::LOAD_SPECIAL, exit_method as u32, at);
        self.emit_with(Opcode::SWAP, 2, at);
        self.emit_with(Opcode::SWAP, 3, at);
        self.emit_with(Opcode::LOAD_SPECIAL, enter_method as u32, at);
        self.emit_with(Opcode::CALL, 0, at);
        if node.is_async {
            self.emit_with(Opcode::GET_AWAITABLE, 1, at);
            self.load_none(at);
            self.yield_from(at, true);
        }
        self.jump(Opcode::SETUP_WITH, last, at);
        self.use_label(block);
        let kind = if node.is_async {
            FrameBlockKind::AsyncWith(at)
        } else {
            FrameBlockKind::With(at)
        };
        self.push_block(kind, block, last)
            .map_err(|_| too_many_blocks(node.range))?;
        match &item.optional_vars {
            Some(target) => self.expression(target)?,
            None => self.emit(Opcode::POP_TOP, at),
        }
        if index + 1 == node.items.len() {
            self.statements(&node.body)?;
        } else {
            crate::recursion::grow(|| self.with_statement(node, index + 1))?;
        }
        self.pop_block();
        self.emit(Opcode::POP_BLOCK, None);
        self.call_exit_with_nones(at);
        if node.is_async {
            self.emit_with(Opcode::GET_AWAITABLE, 2, at);
            self.load_none(at);
            self.yield_from(at, true);
        }
        self.emit(Opcode::POP_TOP, at);
        self.jump(Opcode::JUMP, exit, at);

        self.use_label(last);
        self.jump(Opcode::SETUP_CLEANUP, cleanup, at);
        self.emit(Opcode::PUSH_EXC_INFO, at);
        self.emit(Opcode::WITH_EXCEPT_START, at);
        if node.is_async {
            self.emit_with(Opcode::GET_AWAITABLE, 2, at);
            self.load_none(at);
            self.yield_from(at, true);
        }
        let suppress = self.label();
        self.emit(Opcode::TO_BOOL, at);
        self.jump(Opcode::POP_JUMP_IF_TRUE, suppress, at);
        self.emit_with(Opcode::RERAISE, 2, at);
        self.use_label(suppress);
        self.emit(Opcode::POP_TOP, at);
        self.emit(Opcode::POP_BLOCK, at);
        self.emit(Opcode::POP_EXCEPT, at);
        for _ in 0..3 {
            self.emit(Opcode::POP_TOP, at);
        }
        self.jump(Opcode::JUMP, exit, at);
        self.use_label(cleanup);
        self.pop_except_and_reraise(None);
        self.use_label(exit);
        Ok(())
    }

    /// Drives the iterator below the top of the stack until it returns.
    pub fn yield_from(&mut self, at: At, is_await: bool) {
        let (send, fail, exit) = (self.label(), self.label(), self.label());
        self.use_label(send);
        self.jump(Opcode::SEND, exit, at);
        // The handler sees to exceptions thrown in while it yields.
        self.jump(Opcode::SETUP_FINALLY, fail, at);
        self.emit_with(Opcode::YIELD_VALUE, 1, at);
        self.emit(Opcode::POP_BLOCK, None);
        self.emit_with(Opcode::RESUME, if is_await { 3 } else { 2 }, at);
        self.jump(Opcode::JUMP_NO_INTERRUPT, send, at);
        self.use_label(fail);
        self.emit(Opcode::CLEANUP_THROW, at);
        self.use_label(exit);
        self.emit(Opcode::END_SEND, at);
    }
}
