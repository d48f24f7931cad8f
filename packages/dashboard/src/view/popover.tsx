import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Icon, type IconName } from './icon.tsx';

interface PopoverProps {
  /** What the button says. */
  readonly label: ComponentChildren;
  /** What is read out. */
  readonly name: string;
  readonly icon?: IconName;
  readonly align?: 'start' | 'end';
  readonly children: ComponentChildren;
}

/** A button that opens a small sheet below it; Escape and clicks elsewhere close it. */
export const Popover = ({ label, name, icon, align, children }: PopoverProps): VNode => {
  const [isOpen, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!isOpen) return;
    const onPointer = (event: PointerEvent): void => {
      if (!root.current?.contains(event.target as Node)) setOpen(false);
    };
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== 'Escape') return;
      setOpen(false);
      root.current?.querySelector('button')?.focus();
    };
    document.addEventListener('pointerdown', onPointer);
    document.addEventListener('keydown', onKey);
    return () => {
      document.removeEventListener('pointerdown', onPointer);
      document.removeEventListener('keydown', onKey);
    };
  }, [isOpen]);
  return (
    <div class="popover" ref={root}>
      <button
        type="button"
        class="button button-plain"
        aria-expanded={isOpen}
        aria-label={name}
        onClick={() => setOpen(!isOpen)}
      >
        {icon === undefined ? null : <Icon name={icon} size={16} />}
        <span>{label}</span>
        <Icon name="chevronDown" size={14} />
      </button>
      {isOpen ? (
        <div class={`popover-sheet align-${align ?? 'start'}`} role="dialog" aria-label={name}>
          {children}
        </div>
      ) : null}
    </div>
  );
};
