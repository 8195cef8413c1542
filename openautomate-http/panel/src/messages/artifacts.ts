import texts from './en/artifacts.json';
import { add } from './all';

add({ artifacts: texts });
