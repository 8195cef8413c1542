'use client';

import { useTranslations } from 'use-intl';
import { Field, Input, Select, Textarea } from '@/components/ui/field';
import { Switch } from '@/components/ui/switch';
import '@/messages/run';
import type { Draft, Input as FormInput, Wrong } from './schema';

interface SchemaFormProps {
  inputs: FormInput[];
  draft: Draft;
  onChange: (draft: Draft) => void;
  wrong: Record<string, Wrong>;
  /** What the server said of an input. */
  refused: (name: string) => string | undefined;
}

/** A form drawn from the JSON Schema of an automation's inputs. */
export function SchemaForm({ inputs, draft, onChange, wrong, refused }: SchemaFormProps) {
  const t = useTranslations('run');
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      {inputs.map((input) => {
        const problem = wrong[input.name];
        return (
          <Field
            key={input.name}
            label={input.label}
            hint={input.hint}
            required={input.required}
            error={problem ? t(`wrong.${problem}`) : refused(input.name)}
            className={input.kind === 'json' || input.kind === 'lines' ? 'sm:col-span-2' : ''}
          >
            {(props) => (
              <One input={input} value={draft[input.name] ?? ''} onChange={(value) => onChange({ ...draft, [input.name]: value })} {...props} />
            )}
          </Field>
        );
      })}
    </div>
  );
}

interface OneProps {
  id: string;
  'aria-invalid'?: true;
  'aria-describedby'?: string;
  input: FormInput;
  value: string;
  onChange: (value: string) => void;
}

function One({ input, value, onChange, ...props }: OneProps) {
  const t = useTranslations('run');
  const empty = input.nullable ? t('nothing') : undefined;
  switch (input.kind) {
    case 'boolean':
      return <Switch {...props} checked={value === 'true'} onCheckedChange={(checked) => onChange(String(checked))} />;
    case 'choice':
      return (
        <Select {...props} value={value} onChange={(event) => onChange(event.target.value)}>
          <option value="">{t('choose')}</option>
          {input.choices.map(({ label }, index) => (
            <option key={index} value={index}>
              {label}
            </option>
          ))}
        </Select>
      );
    case 'lines':
    case 'json':
      return (
        <Textarea
          {...props}
          rows={input.kind === 'json' ? 5 : 3}
          spellCheck={false}
          placeholder={input.kind === 'json' ? t('json') : empty}
          value={value}
          onChange={(event) => onChange(event.target.value)}
        />
      );
    default:
      return (
        <Input
          {...props}
          type={input.kind === 'date' ? 'date' : 'text'}
          inputMode={input.kind === 'number' || input.kind === 'integer' ? 'decimal' : undefined}
          placeholder={empty}
          value={value}
          onChange={(event) => onChange(event.target.value)}
        />
      );
  }
}
